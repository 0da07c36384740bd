const byId = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const address = `${scheme}//${location.host}/rooms/fan/lobby`;
byId("address").textContent = `${scheme}//${location.host}/rooms/<app>/<room>`;

const linesMax = 100;
const show = (line) => {
  const talk = byId("talk");
  const lines = talk.textContent === "" ? [] : talk.textContent.split("\n");
  talk.textContent = [...lines, line].slice(-linesMax).join("\n");
  talk.scrollTop = talk.scrollHeight;
};
const state = (open, text) => {
  byId("state").dataset.open = open ? "yes" : "no";
  byId("state").textContent = text;
  byId("send").disabled = !open;
};

let socket;
let attempts = 0;
function connect() {
  socket = new WebSocket(address);
  socket.onopen = () => {
    attempts = 0;
    state(true, "open");
  };
  socket.onmessage = (event) => show(typeof event.data === "string" ? event.data : "(bytes)");
  socket.onclose = (event) => {
    state(false, `closed with ${event.code}, connecting again`);
    attempts += 1;
    setTimeout(connect, Math.random() * Math.min(10_000, 250 * 2 ** attempts));
  };
}
connect();
byId("form").onsubmit = (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  if (text === "" || socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  byId("text").value = "";
};
