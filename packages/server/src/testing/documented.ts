import { operations } from '@pipecat-cloud/contract/operations';
import { statusesOf } from '../api-document/answers.js';

/** Longer and more literal addresses first, as the router has it: `/self` before `/:id`. */
const routes = Object.keys(operations)
  .map((key) => {
    const [method = '', url = ''] = key.split(' ');
    return { key, method, url, pattern: new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`) };
  })
  .sort((a, b) => a.url.split(':').length - b.url.split(':').length);

/** Throws for an answer that the API document does not have. */
export function expectDocumented(method: string, url: string, status: number): void {
  const path = new URL(url, 'http://localhost').pathname;
  const route = routes.find((each) => each.method === method && each.pattern.test(path));
  if (status < 400 || !route || statusesOf(route.key).includes(status)) return;
  throw new Error(
    `${route.key} answered ${status}, which the API document does not have: name it in contract/src/operations.ts`,
  );
}
