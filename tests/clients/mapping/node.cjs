// Loaded with `node --require`: connections to WeChat's names go to the simulator. Names, certificates and
// requests stay what they are: only the address that a socket connects to is another.
"use strict";

const net = require("node:net");

const names = new Set(process.env.WECHAT_NAMES.split(" "));
const [host, port] = process.env.WECHAT_AT.split(":");

const mapped = (options) => (options && names.has(options.host) ? { ...options, host, port: Number(port) } : options);

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // Node's own modules hand on their arguments as one array that they have brought into order already.
  if (Array.isArray(given[0])) {
    given[0][0] = mapped(given[0][0]);
  } else if (typeof given[0] === "object") {
    given[0] = mapped(given[0]);
  }
  return connect.apply(this, given);
};
