// Plays a member with the stock Supabase clients: one scenario as JSON on stdin, what came of it as JSON on stdout.
import { readFileSync } from 'node:fs';
import { createServerClient } from '@supabase/ssr';
import { createClient } from '@supabase/supabase-js';
import WebSocket from 'ws';

const input = JSON.parse(readFileSync(0, 'utf8'));
const requests = [];
const watchedFetch = async (url, options) => {
  const response = await fetch(url, options);
  requests.push(`${options?.method ?? 'GET'} ${new URL(url).pathname} ${response.status}`);
  return response;
};

// Before version 22, Node has no WebSocket of its own and the constructor insists on one.
const common = { global: { fetch: watchedFetch }, realtime: { transport: WebSocket } };
const plainClient = () => createClient(input.url, input.key, { ...common, auth: { persistSession: false, autoRefreshToken: false } });

const errorOf = ({ error }) => (error ? { name: error.name, status: error.status ?? null, code: error.code ?? null, reasons: error.reasons ?? null } : null);

async function requestsOf(action) {
  const before = requests.length;
  const result = await action();
  return { result, requests: requests.slice(before) };
}

function serverClient(jar, written) {
  return createServerClient(input.url, input.key, {
    ...common,
    cookieOptions: { httpOnly: true },
    cookies: {
      getAll: () => [...jar].map(([name, value]) => ({ name, value })),
      setAll: (cookies, headers) => {
        for (const { name, value, options } of cookies) {
          written.push({ name, value, options, headers });
          if (value) jar.set(name, value);
          else jar.delete(name);
        }
      },
    },
  });
}

const scenarios = {
  async member() {
    const client = plainClient();
    const { email, password, newPassword } = input;
    const wrongPassword = errorOf(await client.auth.signInWithPassword({ email, password: 'not it, surely' }));
    const nobody = errorOf(await client.auth.signInWithPassword({ email: 'nobody@maplestreet.example', password }));
    const signUp = errorOf(await client.auth.signUp({ email: 'new@maplestreet.example', password }));
    const signedIn = await client.auth.signInWithPassword({ email, password });
    const firstRefreshToken = signedIn.data.session?.refresh_token;
    const refreshed = await client.auth.refreshSession();
    const user = await client.auth.getUser();
    const claims = await requestsOf(async () => {
      await client.auth.getClaims();
      return client.auth.getClaims();
    });
    const updated = await client.auth.updateUser({ data: { nickname: 'Zoë', theme: 'dark' } });
    const merged = await client.auth.updateUser({ data: { theme: null } });
    const weak = errorOf(await client.auth.updateUser({ password: 'short' }));
    const same = errorOf(await client.auth.updateUser({ password }));
    const changed = errorOf(await client.auth.updateUser({ password: newPassword }));
    const oldPassword = errorOf(await plainClient().auth.signInWithPassword({ email, password }));
    const other = plainClient();
    const otherSignIn = errorOf(await other.auth.signInWithPassword({ email, password: newPassword }));
    const accessToken = (await client.auth.getSession()).data.session?.access_token;
    const signedOut = errorOf(await client.auth.signOut({ scope: 'local' }));
    const afterSignOut = errorOf(await plainClient().auth.getUser(accessToken));
    const otherStillIn = errorOf(await other.auth.getUser());
    const reuse = errorOf(await plainClient().auth.refreshSession({ refresh_token: refreshed.data.session?.refresh_token ?? '' }));
    const everywhere = errorOf(await other.auth.signOut());
    return {
      wrongPassword, nobody, signUp, signIn: errorOf(signedIn), session: signedIn.data.session, refresh: errorOf(refreshed),
      rotated: refreshed.data.session?.refresh_token !== firstRefreshToken, user: user.data.user,
      claims: claims.result.data?.claims, algorithm: claims.result.data?.header?.alg, claimsRequests: claims.requests,
      updated: updated.data.user?.user_metadata, merged: merged.data.user?.user_metadata, weak, same, changed, oldPassword, otherSignIn,
      signedOut, afterSignOut, otherStillIn, reuse, everywhere,
    };
  },

  async writeCookies() {
    const written = [];
    const client = serverClient(new Map(), written);
    const signedIn = await client.auth.signInWithPassword({ email: input.email, password: input.password });
    return { error: errorOf(signedIn), written };
  },

  async readCookies() {
    const written = [];
    const jar = new Map(Object.entries(input.cookies));
    const client = serverClient(jar, written);
    const session = (await client.auth.getSession()).data.session;
    const user = await client.auth.getUser();
    const claims = await client.auth.getClaims();
    const untouched = written.length === 0;
    const refreshed = await client.auth.refreshSession();
    return {
      expiresAt: session?.expires_at, user: user.data.user?.email, error: errorOf(user), claims: claims.data?.claims?.email, untouched,
      refresh: errorOf(refreshed), cookies: Object.fromEntries(jar),
    };
  },
};

// The server client warns about reading the session from cookies; only the answer belongs on stdout.
console.warn = console.log = console.error;
process.stdout.write(JSON.stringify(await scenarios[input.scenario]()));
