/** Echoes. On `exit` it ends its process, on `hang` it does not come back, without taking time from anybody else. */
class Deadly {
  onMessage(session, message) {
    const text = message.text();
    if (text === "exit") process.exit(1);
    if (text === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    session.send(text);
  }
}

export const apps = {
  deadly: { durability: "memory", create: () => new Deadly() },
  lethal: { durability: "commit", create: () => Object.assign(new Deadly(), { apply() {} }) },
};
