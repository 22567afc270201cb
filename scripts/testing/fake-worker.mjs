import { playProcess } from './fake-process.mjs';

playProcess('worker', process.env.FAKE_WORKER);
