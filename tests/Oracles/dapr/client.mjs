// Does one of everything with the stock Dapr client and prints what came of it as one JSON object.
// Arguments: protocol (http or grpc), port, mark, token.
import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";

const [protocol, port, mark, token] = process.argv.slice(2);
const client = new DaprClient({
  daprHost: "127.0.0.1",
  daprPort: port,
  communicationProtocol: protocol === "grpc" ? CommunicationProtocolEnum.GRPC : CommunicationProtocolEnum.HTTP,
  daprApiToken: token,
  logger: { level: "error" },
});
const topic = `t.${mark}`;
const key = (name) => `${name}-${protocol}-${mark}`;
const seen = {};

seen.published = await client.pubsub.publish("pubsub", topic, { from: protocol }, { metadata: { "cloudevent.id": `${protocol}-1` } });
seen.publishedText = await client.pubsub.publish("pubsub", topic, "plain text");
seen.bulk = await client.pubsub.publishBulk("pubsub", topic, [{ bulk: 1 }, { bulk: 2 }]);

await client.state.save("statestore", [
  { key: key("a"), value: { n: 1 } },
  { key: key("b"), value: "text", metadata: { ttlInSeconds: "600" } },
]);
seen.got = await client.state.get("statestore", key("a"));
seen.absent = await client.state.get("statestore", key("absent"));
await client.state.transaction("statestore", [
  // Over gRPC this client takes a value it need not serialise.
  { operation: "upsert", request: { key: key("a"), value: protocol === "grpc" ? '{"n":2}' : { n: 2 } } },
  { operation: "delete", request: { key: key("b") } },
]);
seen.many = await client.state.getBulk("statestore", [key("a"), key("b")]);
// Over gRPC the client throws, over HTTP it returns the error.
seen.mismatch = await client.state
  .save("statestore", [{ key: key("a"), value: 3, etag: "999999999", options: { concurrency: 1, consistency: 2 } }])
  .catch((error) => ({ error: String(error) }));
await client.state.delete("statestore", key("a"));
seen.afterDelete = await client.state.get("statestore", key("a"));
seen.secret = await client.secret.get("secrets", "plain");
seen.id = (await client.metadata.get()).id;
if (protocol === "http") {
  seen.invoked = await client.invoker.invoke("host", "internal/echo", HttpMethod.POST, { question: 42 });
}
await client.stop();
console.log(JSON.stringify(seen));
