import { badRequest } from '../errors.js';

/** The commonest of twelve characters and more in published leaks, and what people make of the product's name. */
const common: ReadonlySet<string> = new Set(
  `123456789012 1234567890123 12345678901234 123456789123 123456123456 123123123123 112233445566 111222333444 987654321098
   098765432109 1q2w3e4r5t6y 1q2w3e4r5t6y7u q1w2e3r4t5y6 1qaz2wsx3edc zaq12wsxcde3 1qazxsw23edc qazwsxedcrfv qwertyuiop12
   qwertyuiop123 qwertyuiopas qwertyuiop[] qwerty123456 qwerty1234567 qwertyqwerty qwerty12345678 123456qwerty 1234qwerasdf
   asdfghjkl123 asdfghjklqwe asdfasdfasdf asdfghjkl;'\\ zxcvbnm12345 abcdefghijkl abcdefghijklm abcdef123456 abcd12345678
   abc123abc123 a1b2c3d4e5f6 password1234 password12345 password123456 passwordpassword passw0rd1234 p@ssw0rd1234 p@ssword1234
   mypassword123 mypassword1234 iloveyou1234 iloveyouforever letmein12345 letmeinletmein letmeinplease welcome12345 welcome123456
   administrator administrador admin1234567 adminadminadmin administrator1 changeme1234 changemeplease secretsecret trustno1trustno1
   football1234 baseball1234 superman1234 princess1234 sunshine1234 monkey123456 dragon123456 michael12345 jennifer1234 liverpool123
   manchester123 unbelievable international correcthorsebatterystaple correct-horse-battery-staple thisismypassword
   thisisapassword nopassword123 defaultpassword temporarypassword testtesttest testpassword testing12345 onetwothreefour
   1234567890qwertyuiop qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm azertyuiop123 contraseña123 motdepasse123 passwort1234`
    .split(/\s+/)
    .map((password) => password.toLowerCase()),
);
const product = ['pipecat', 'cloud', 'password'];
const leastDistinct = 5;
const leastOfOnesOwn = 6;

/**
 * Throws 400 for a password that is guessed first: the commonest ones, few different characters, or little more than words that
 * everybody knows of this person (`known`: address, names of organizations). Length is the schema's; no rule asks for digits or signs.
 */
export function checkPassword(password: string, known: readonly string[]): void {
  const text = password.normalize('NFKC').toLowerCase();
  if (common.has(text)) {
    throw badRequest(
      'This password is among the commonest there are; choose another, such as four words that you pick at random',
    );
  }
  if (new Set(text).size < leastDistinct) {
    throw badRequest(`This password has fewer than ${leastDistinct} different characters; choose another`);
  }
  const words = [...product, ...known.flatMap((name) => name.toLowerCase().split(/[^\p{L}\p{N}]+/u))];
  // The longest first, so that a word within a word leaves no rest of its own.
  const long = words.filter((word) => word.length >= 4).sort((a, b) => b.length - a.length);
  const rest = long.reduce((left, word) => left.replaceAll(word, ''), text).replace(/[^\p{L}]/gu, '');
  if (rest.length < leastOfOnesOwn && rest !== lettersOf(text)) {
    throw badRequest(
      'This password is little more than your address, an organization’s name or the product’s; choose one that has nothing to do with them',
    );
  }
}

const lettersOf = (text: string) => text.replace(/[^\p{L}]/gu, '');
