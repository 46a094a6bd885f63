// An app of the stock Dapr server: takes a topic, prints each event as a line of JSON, ends when its input ends.
// Arguments: app port, sidecar port, mark, token.
import { DaprServer, DaprPubSubStatusEnum } from "@dapr/dapr";

const [appPort, daprPort, mark, token] = process.argv.slice(2);
const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: appPort,
  clientOptions: { daprHost: "127.0.0.1", daprPort, daprApiToken: token },
  logger: { level: "error" },
});
await server.pubsub.subscribeWithOptions("pubsub", `t.${mark}`, {
  callback: async (data) => {
    console.log(JSON.stringify({ data }));
    return data?.drop ? DaprPubSubStatusEnum.DROP : DaprPubSubStatusEnum.SUCCESS;
  },
  deadLetterTopic: `dead.${mark}`,
});
await server.pubsub.subscribe("pubsub", `dead.${mark}`, async (data) => console.log(JSON.stringify({ dead: data })));
await server.invoker.listen("internal/echo", async (request) => ({ answer: JSON.parse(request.body).question }), { method: "post" });
await server.start();
console.log(JSON.stringify({ started: true }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
