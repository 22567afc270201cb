import { playProcess } from './fake-process.mjs';

playProcess('control plane', process.env.FAKE_CONTROL_PLANE);
