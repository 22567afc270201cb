import { describeObjectStore } from '../testing/contracts/object-store.js';
import { objectStores } from '../testing/object-stores.js';

for (const { name, open } of objectStores) describeObjectStore(name, open);
