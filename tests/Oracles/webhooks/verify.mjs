// Verifies deliveries with the stock libraries: a list of them as JSON on stdin, for each what was wrong (null: nothing) on stdout.
import { readFileSync } from 'node:fs';
import * as standard from 'standardwebhooks';
import * as svix from 'svix';

const libraries = { standardwebhooks: standard.Webhook, svix: svix.Webhook };
const realNow = Date.now;

function complaintOf(Webhook, { secret, headers, body, now }) {
  // Deliveries of the past are verified in the past.
  Date.now = now === null ? realNow : () => now * 1000;
  try {
    new Webhook(secret).verify(Buffer.from(body, 'base64'), headers);
    return null;
  } catch (error) {
    return error.message;
  } finally {
    Date.now = realNow;
  }
}

const deliveries = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(deliveries.map((delivery) =>
  Object.fromEntries(Object.entries(libraries).map(([name, Webhook]) => [name, complaintOf(Webhook, delivery)])))));
