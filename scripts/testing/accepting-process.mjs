import { createServer } from 'node:net';

// A control plane that hands over each connection as it comes. It tells where it listens.
const server = createServer({ pauseOnConnect: true }, (socket) => {
  const handle = socket._handle;
  socket._handle = null;
  process.send({ type: 'hand-over', offer: 'of a test' }, handle, () => handle.close());
});
server.listen(0, '127.0.0.1', () => process.send({ type: 'listening', port: server.address().port }));
process.on('disconnect', () => process.exit());
