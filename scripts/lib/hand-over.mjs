/**
 * Passes the connections of sessions' callers, which a control plane hands over, on to the worker beside it; `worker` says which process
 * that is by now. Both are children with an `ipc` channel and the same PIPECAT_CLOUD_SUPERVISOR.
 */
export function passHandOvers(controlPlane, worker) {
  const underWay = new WeakMap();

  /** What is on its way to a process. It has one of its own once it is there; Node forgets those that its end has left over. */
  function handlesTo(process) {
    const known = underWay.get(process);
    if (known) return known;
    const handles = new Set();
    underWay.set(process, handles);
    process.once('exit', () => {
      for (const handle of handles) handle.close();
      handles.clear();
    });
    return handles;
  }

  controlPlane.on('message', (message, handle) => {
    if (message?.type !== 'hand-over') return;
    const to = worker();
    if (!to?.connected) return handle?.close();
    const handles = handlesTo(to);
    if (handle) handles.add(handle);
    to.send(message, handle, () => {
      if (handles.delete(handle)) handle.close();
    });
  });
}
