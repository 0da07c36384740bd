// Preloaded into a process, it makes the binary of uWebSockets.js unavailable there, as on a platform that has none.
const { dlopen } = process;

process.dlopen = (module, file, ...rest) => {
  if (/uws/i.test(file)) throw new Error(`${file}: no such file for this platform`);
  return dlopen.call(process, module, file, ...rest);
};
