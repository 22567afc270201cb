import type { Usage } from '@pipecat-cloud/contract/usage';
import { Button } from '../../ui/button';
import { csvOf } from './usage-figures';

/** The rows that are shown, by agent and day, as a file. */
export function DownloadButton({ org, usage }: { org: string; usage: Usage }) {
  function download() {
    const url = URL.createObjectURL(new Blob([csvOf(usage)], { type: 'text/csv' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `usage-${org}-${usage.from}-${usage.to}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  }
  return <Button onClick={download}>Download CSV</Button>;
}
