// Asks the stock twilio library: a JSON array of questions on stdin, an array of answers on stdout.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const twilio = require('twilio');
const { getExpectedTwilioSignature } = require('twilio/lib/webhooks/webhooks');
const typings = readFileSync(require.resolve('twilio/lib/twiml/VoiceResponse').replace(/\.js$/, '.d.ts'), 'utf8');

// The library forwards attributes it does not know; its typings are what tells a misspelt one.
function attributesOf(element) {
  const names = new Set();
  for (const [, body] of typings.matchAll(new RegExp(`interface ${element}Attributes \\{([\\s\\S]*?)\\n    \\}`, 'g')))
    for (const [, name] of body.matchAll(/^\s+"?([A-Za-z:]+)"?\?: /gm)) names.add(name);
  return names;
}

const verbs = {
  Say: (parent, { attributes, text }) => parent.say(attributes, text),
  Pause: (parent, { attributes }) => parent.pause(attributes),
  Redirect: (parent, { attributes, text }) => parent.redirect(attributes, text),
  Reject: (parent, { attributes }) => parent.reject(attributes),
  Hangup: (parent) => parent.hangup(),
  Record: (parent, { attributes }) => parent.record(attributes),
  Gather: (parent, { attributes }) => parent.gather(attributes),
  Dial: (parent, { attributes }) => parent.dial(attributes),
  Number: (parent, { attributes, text }) => parent.number(attributes, text),
  Start: (parent, { attributes }) => parent.start(attributes),
  Recording: (parent, { attributes }) => parent.recording(attributes),
};

function append(parent, element) {
  const known = attributesOf(element.name);
  for (const name of Object.keys(element.attributes))
    if (!known.has(name)) throw new Error(`<${element.name}> has no attribute ${name}`);
  const child = verbs[element.name](parent, element);
  for (const nested of element.children) append(child, nested);
}

const answers = {
  sign: ({ token, url, parameters }) => getExpectedTwilioSignature(token, url, parameters),
  validate: ({ token, url, parameters, signature }) => twilio.validateRequest(token, signature, url, parameters),
  validateBody: ({ token, url, body, signature }) => twilio.validateRequestWithBody(token, signature, url, body),
  twiml: ({ elements }) => {
    const response = new twilio.twiml.VoiceResponse();
    for (const element of elements) append(response, element);
    return response.toString();
  },
};

const questions = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(questions.map(({ ask, ...question }) => answers[ask](question))));
