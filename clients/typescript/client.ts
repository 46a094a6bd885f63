import createClient from "openapi-fetch";
import type { paths } from "./schema";

/** A client for the host at `baseUrl`, which acts with an API key. */
export const kestrelVoice = (baseUrl: string, apiKey: string) =>
  createClient<paths>({ baseUrl, headers: { "X-API-Key": apiKey } });

/** Every call log, newest first, a page at a time. */
export async function* callLogs(client: ReturnType<typeof kestrelVoice>) {
  let cursor: string | undefined;
  do {
    const { data, error } = await client.GET("/api/call-logs", { params: { query: { limit: 100, cursor } } });
    if (error) throw new Error(`${error.error}: ${error.message} (${error.request_id})`);
    yield* data.data;
    cursor = data.pagination.next_cursor ?? undefined;
  } while (cursor);
}
