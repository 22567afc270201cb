/**
 * Passes the connections of sessions' callers, which a control plane hands over, on to the worker beside it; `worker` says which process
 * that is by now. Both are children with an `ipc` channel and the same PIPECAT_CLOUD_SUPERVISOR.
 */
export function passHandOvers(controlPlane, worker) {
  controlPlane.on('message', (message, handle) => {
    if (message?.type !== 'hand-over') return;
    const to = worker();
    if (to?.connected) to.send(message, handle, () => handle?.close());
    else handle?.close();
  });
}
