import { Socket } from 'node:net';

// A worker that says what it was told on the connections that it is handed.
process.on('message', ({ type, offer }, handle) => {
  if (type === 'hand-over') new Socket({ handle }).end(`taken over: ${offer}`);
});
process.on('disconnect', () => process.exit());
process.send({ type: 'ready' });
