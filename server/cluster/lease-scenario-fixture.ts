import type { LeaseModel } from './lease-model-fixture.ts';
import type { Machine } from './model-world-fixture.ts';

/** Anything that can go wrong, at any time, by the seed. */
export function hardTimes(model: LeaseModel, untilMs: number): void {
  const { chance, timeline, machines } = model;
  for (const machine of machines) {
    machine.climate.wayMs = chance.between(1, 40);
    timeline.at(chance.is(0.5) ? chance.between(0, 1000) : chance.between(0, 60_000), () => {
      model.start(machine);
    });
  }
  const faults = 2 + chance.below(12);
  for (let at = 0; at < faults; at++) {
    timeline.at(chance.between(1000, untilMs - 60_000), () => {
      // Half of all trouble is made for whoever holds.
      const holder = model.holder();
      const machine = holder !== undefined && chance.is(0.5) ? holder : chance.pick(machines);
      chance.pick(faultsOf)(model, machine);
    });
  }
}

const faultsOf: readonly ((model: LeaseModel, machine: Machine) => void)[] = [
  (model, machine) => {
    model.kill(machine);
    comeBack(model, machine);
  },
  (model, machine) => {
    model.leave(machine, model.chance.pick([0, 0.5, 1]));
    comeBack(model, machine);
  },
  (model, machine) => model.stop(machine, model.chance.between(100, 60_000), 'stop'),
  (model, machine) => model.stop(machine, model.chance.between(100, 60_000), 'freeze'),
  (model, machine) => {
    const outage = model.chance.pick(['refuses', 'hangs'] as const);
    const durationMs = model.chance.between(500, 60_000);
    const hit = model.chance.is(0.5) ? [machine] : model.machines;
    for (const each of hit) model.weather(each, { outage }, durationMs);
  },
  (model, machine) => {
    const loss = model.chance.between(0.1, 0.9);
    model.weather(machine, { loss }, model.chance.between(1000, 60_000));
  },
  (model, machine) => {
    const wayMs = model.chance.between(500, 30_000);
    model.weather(machine, { wayMs }, model.chance.between(1000, 60_000));
  },
  (model, machine) => {
    const lagMs = model.chance.between(500, 40_000);
    model.weather(machine, { lagMs }, model.chance.between(1000, 60_000));
  },
  (model, machine) => {
    // Of whole hours, so that it never hides a suspension.
    machine.skewMs += model.chance.pick([-3_600_000, 3_600_000]);
  },
  (model) => {
    for (const machine of model.machines) if (model.chance.is(0.5)) model.poke(machine);
  },
];

function comeBack(model: LeaseModel, machine: Machine): void {
  const { chance, timeline } = model;
  if (chance.is(0.2)) return;
  timeline.after(chance.is(0.5) ? chance.between(100, 2000) : chance.between(2000, 60_000), () => {
    model.trouble();
    model.start(machine);
  });
}

/** All nodes start within a second; at 60 s the holder is killed and stays away. */
export function crash(model: LeaseModel): void {
  startAll(model);
  model.timeline.at(60_000 + model.chance.between(0, 5000), () => {
    const holder = model.holder();
    if (holder !== undefined) model.kill(holder);
  });
}

/** The holder stands still for 25 s; 10 s into it, another node's plugin starts anew. */
export function pauseAndRestart(model: LeaseModel): void {
  startAll(model);
  model.timeline.at(60_000, () => {
    const holder = model.holder();
    if (holder === undefined) return;
    model.stop(holder, 25_000, 'stop');
    const other = model.machines.find((machine) => machine !== holder);
    if (other === undefined) return;
    model.timeline.after(10_000, () => {
      model.kill(other);
      model.start(other);
    });
  });
}

/** The holder leaves as on deactivation, and all others hear of it. */
export function handover(model: LeaseModel): void {
  startAll(model);
  model.timeline.at(60_000 + model.chance.between(0, 5000), () => {
    const holder = model.holder();
    if (holder !== undefined) model.leave(holder);
  });
}

/** Nodes whose wall clocks are wrong; each minute another one's plugin starts anew. */
export function restarts(model: LeaseModel): void {
  startAll(model);
  for (let minute = 1; minute < 5; minute++) {
    model.timeline.at(minute * 60_000, () => {
      const others = model.machines.filter((machine) => machine !== model.holder());
      const machine = model.chance.pick(others);
      model.kill(machine);
      model.start(machine);
    });
  }
}

function startAll(model: LeaseModel): void {
  for (const machine of model.machines) {
    model.timeline.at(model.chance.between(0, 1000), () => model.start(machine));
  }
}
