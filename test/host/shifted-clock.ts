// Preloaded into a plugin from source (`node --import`): its wall clock goes wrong by so much, as that of
// a machine without NTP does, until a signal mends it. What measures spans is right, as it is there.
let shiftMs = Number(process.env['TEST_CLOCK_SHIFT_MS'] ?? 0);
process.on('SIGUSR2', () => {
  shiftMs = 0;
});

const RealDate = Date;
const realNowMs = RealDate.now.bind(RealDate);

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(realNowMs() + shiftMs).toString(),
  construct: (target, given: ConstructorParameters<typeof Date> | []) =>
    given.length === 0 ? new target(realNowMs() + shiftMs) : new target(...given),
  get: (target, name, receiver): unknown =>
    name === 'now' ? () => realNowMs() + shiftMs : Reflect.get(target, name, receiver),
});
