import { expect, test } from 'vitest';
import { standsAlone } from './requirements.js';

test.each([
  '',
  '# only a comment: ./libs/mytools\n',
  'pipecat-ai\n',
  'pipecat-ai[daily,silero] >= 0.0.90, < 1  # the newest\r\nloguru==0.7.*\r\n',
  'zope.interface~=6.0\nruamel.yaml!=0.18\nx (>=1,<2)\n',
  'uvloop ; sys_platform != "win32"\n',
  'loguru==0.7.2 \\\n    --hash=sha256:31a3/b \\\n    --hash=sha256:0c\n',
  `--index-url https://user:\${TOKEN}@packages.example.com/simple\n--extra-index-url=https://mirror.example.com/simple\n-i https://x\n`,
  '--pre\n--no-binary :all:\n--only-binary=numpy,scipy\n--trusted-host packages.example.com:8080\n',
  'mytools @ https://packages.example.com/mytools-1.0.whl\nmytools[a]@git+https://example.com/t.git@v1 ; python_version > "3.9"\n',
])('says all that is installed: %j', (text) => expect(standsAlone(text)).toBe(true));

test.each([
  'libs/mytools',
  'libs/mytools[extra]',
  'loguru\nlibs/mytools ; python_version > "3.9"',
  './libs/mytools',
  '.',
  '/srv/mytools',
  'mytools-1.0.whl',
  'mytools-1.0.tar.gz --hash=sha256:00',
  'mytools.tgz',
  'mytools.tar.lzma',
  'mytools @ file:libs',
  'mytools@file:///srv/x',
  'mytools @ ./libs',
  'file:libs/mytools',
  '-r more.txt',
  '-rmore.txt',
  '-c limits.txt',
  '--constraint=limits.txt',
  '-e libs/mytools',
  '--editable=libs',
  '-f wheels',
  '--find-links wheels',
  '--index-url ./simple',
  '-i file:///srv/simple',
  'libs\\\n/mytools',
  '# a note that ends so \\\nlibs/mytools',
  'loguru \\\n# more\nlibs/mytools',
  '--something-new wheels',
  'loguru --global-option=x/y',
  `\${WHERE}`,
])('may need other files of its context: %j', (text) => expect(standsAlone(text)).toBe(false));

test.each(['a', ' ', ' @', '.tar', '#', '[', '-', '\t'])('a line of 200,000 times %j is read, too', (filling) => {
  expect(standsAlone(`a${filling.repeat(200_000)}/\n`)).toBe(false);
});
