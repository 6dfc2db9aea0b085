// fastify, its log off: node server.js HOST:PORT
const [host, port] = process.argv[2].split(":");
const app = require("fastify")({ bodyLimit: 4 << 20 });

app.post("/api/v0/echo/read", async (request) => {
  request.body.server = "bench";
  return request.body;
});

app.listen({ host, port: Number(port) });
