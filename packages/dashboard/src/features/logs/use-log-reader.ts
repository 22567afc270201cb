import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { api, isSignedOut } from '../../lib/api';
import { sessionKey } from '../../lib/query-client';
import { createLogReader, type LogOrder, type LogReader, type LogView } from './log-reader';

/** Reads while the page is there and seen. Another order needs another `key` of the component. */
export function useLogReader(order: LogOrder): [LogView, LogReader] {
  const queries = useQueryClient();
  const [reader] = useState(() => createLogReader(api, order));
  const view = useSyncExternalStore(reader.subscribe, reader.view);
  useEffect(() => {
    const look = () => (document.hidden ? reader.stop() : reader.start());
    look();
    // A hidden page draws nothing, and a browser opens few connections to a server: it goes on where it was when it is seen again.
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      reader.stop();
    };
  }, [reader]);
  const signedOut = view.state === 'failed' && isSignedOut(view.error);
  useEffect(() => {
    if (signedOut) queries.setQueryData(sessionKey, null);
  }, [signedOut, queries]);
  return [view, reader];
}
