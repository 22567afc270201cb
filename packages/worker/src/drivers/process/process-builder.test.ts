import { describeBuilder } from '../../testing/contracts/builder.js';
import { createProcessBuilderUnderTest } from '../../testing/process-driver-setup.js';

describeBuilder('process', createProcessBuilderUnderTest);
