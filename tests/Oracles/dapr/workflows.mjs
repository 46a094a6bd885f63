// Lives through everything that the stock durable-task client and worker do with a sidecar, and prints what came of it as one JSON object.
// Arguments: the sidecar's gRPC port.
import { TaskHubGrpcClient, TaskHubGrpcWorker } from "@dapr/durabletask-js";
import { PurgeInstanceCriteria } from "@dapr/durabletask-js/orchestration/orchestration-purge-criteria.js";
import { OrchestrationStatus } from "@dapr/durabletask-js/orchestration/enum/orchestration-status.enum.js";
import { whenAll, whenAny } from "@dapr/durabletask-js/task/index.js";

const address = `127.0.0.1:${process.argv[2]}`;
const client = new TaskHubGrpcClient(address);
const worker = new TaskHubGrpcWorker(address);
const patience = 60;
const seen = {};
const ran = { slow: 0, after: 0 };
let release;
const released = new Promise((resolve) => (release = resolve));
let begun;
const hasBegun = new Promise((resolve) => (begun = resolve));

const plusOne = async (_, input) => input + 1;
const half = async (_, input) => input / 2;
const slow = async () => {
  ran.slow += 1;
  begun();
  await released;
  return "slow";
};
const after = async () => {
  ran.after += 1;
  return "after";
};

async function* nothing() {}
async function* sequence(context, start) {
  const numbers = [start];
  for (let i = 0; i < 10; i += 1) {
    numbers.push(yield context.callActivity(plusOne, numbers[i]));
  }
  return numbers;
}
// From 1 on: this library loses inputs that count as false.
async function* fanOut(context, count) {
  const results = yield whenAll(Array.from({ length: count }, (_, i) => context.callActivity(plusOne, i + 1)));
  return results.reduce((sum, result) => sum + result, 0);
}
async function* child(context, input) {
  return yield context.callActivity(half, input);
}
async function* parent(context, input) {
  return yield context.callSubOrchestrator(child, input);
}
async function* parents(context, count) {
  return yield whenAll(Array.from({ length: count }, (_, i) => context.callSubOrchestrator(child, (i + 1) * 2)));
}
async function* events(context) {
  const heard = [];
  for (const name of ["A", "B", "C"]) {
    heard.push(yield context.waitForExternalEvent(name));
  }
  return heard;
}
async function* timer(context) {
  yield context.createTimer(new Date(context.currentUtcDateTime.getTime() + 3000));
  return "rang";
}
async function* eventOrTimeout(context, milliseconds) {
  const event = context.waitForExternalEvent("approval");
  const timeout = context.createTimer(new Date(context.currentUtcDateTime.getTime() + milliseconds));
  return (yield whenAny([event, timeout])) === event ? "approved" : "timed out";
}
async function* forEver(context) {
  return yield context.waitForExternalEvent("never");
}
async function* generations(context, input) {
  if (input < 10) {
    context.continueAsNew(input + 1, true);
  } else {
    return input;
  }
}
async function* pure(_, input) {
  return input * 2;
}
async function* suspended(context) {
  const first = yield context.callActivity(slow);
  const second = yield context.callActivity(after);
  const event = yield context.waitForExternalEvent("meanwhile");
  return [first, second, event];
}

for (const orchestrator of [nothing, sequence, fanOut, child, parent, parents, events, timer, eventOrTimeout, forEver, generations, pure, suspended]) {
  worker.addOrchestrator(orchestrator);
}
for (const activity of [plusOne, half, slow, after]) {
  worker.addActivity(activity);
}

const told = (state) =>
  state && {
    status: OrchestrationStatus[state.runtimeStatus],
    input: state.serializedInput,
    output: state.serializedOutput,
    failure: state.failureDetails?.message,
    lived: state.lastUpdatedAt - state.createdAt,
  };
const complete = async (id) => told(await client.waitForOrchestrationCompletion(id, true, patience));
const run = async (orchestrator, input) => complete(await client.scheduleNewOrchestration(orchestrator, input));

// Suspended before any worker has seen it: this worker then asks for its first activity in every turn until it is resumed.
const early = await client.scheduleNewOrchestration(suspended);
const suspending = client.suspendOrchestration(early);
await worker.start();

const cases = {
  empty: () => run(nothing),
  sequence: () => run(sequence, 1),
  fanOut: () => run(fanOut, 10),
  child: () => run(parent, 4),
  children: () => run(parents, 5),
  events: async () => {
    const id = await client.scheduleNewOrchestration(events);
    await client.raiseOrchestrationEvent(id, "A", "a");
    await client.raiseOrchestrationEvent(id, "b", "b");
    await client.raiseOrchestrationEvent(id, "C", "c");
    return complete(id);
  },
  timer: () => run(timer),
  approved: async () => {
    const id = await client.scheduleNewOrchestration(eventOrTimeout, 60000);
    await client.raiseOrchestrationEvent(id, "approval");
    return complete(id);
  },
  timedOut: () => run(eventOrTimeout, 1000),
  terminated: async () => {
    const id = await client.scheduleNewOrchestration(forEver);
    const started = told(await client.waitForOrchestrationStart(id, false, patience));
    await client.terminateOrchestration(id, "some reason for termination");
    return { started: started.status, ...(await complete(id)) };
  },
  generations: () => run(generations, 1),
  pure: () => run(pure, 21),
  purged: async () => {
    const id = await client.scheduleNewOrchestration(pure, 1);
    await complete(id);
    const { deletedInstanceCount } = await client.purgeOrchestration(id);
    return { deletedInstanceCount, left: told(await client.getOrchestrationState(id)) ?? "nothing" };
  },
  suspended: async () => {
    await suspending;
    const status = told(await client.getOrchestrationState(early)).status;
    await hasBegun;
    await client.raiseOrchestrationEvent(early, "meanwhile", "heard");
    release();
    await client.resumeOrchestration(early);
    return { suspended: status, ...(await complete(early)), ran };
  },
};
await Promise.all(
  Object.entries(cases).map(async ([name, act]) => {
    seen[name] = await act().catch((error) => ({ error: String(error) }));
  }),
);

// Alone, because it takes whatever has ended.
const criteria = new PurgeInstanceCriteria();
const start = new Date();
await run(pure, 1);
await run(pure, 2);
criteria.setCreatedTimeFrom(start);
criteria.setCreatedTimeTo(new Date(Date.now() + 60000));
criteria.setRuntimeStatusList([OrchestrationStatus.FAILED]);
const failed = await client.purgeOrchestration(criteria);
criteria.setRuntimeStatusList([OrchestrationStatus.COMPLETED]);
const completed = await client.purgeOrchestration(criteria);
seen.purgedByCriteria = { failed: failed.deletedInstanceCount, completed: completed.deletedInstanceCount };

await worker.stop();
await client.stop();
console.log(JSON.stringify(seen));
process.exit(0);
