import { expect, it } from '@jest/globals';
import { containerLimits } from '../../pipe/io/container-limits.ts';

type Files = Readonly<Record<string, string>>;

const unlimitedV1 = '9223372036854771712\n';

const cases: readonly (readonly [string, Files, number | undefined, number | undefined])[] = [
  ['no control groups', {}, undefined, undefined],
  [
    'version 2, in a container',
    { '/proc/self/cgroup': '0::/\n', '/cpu.max': '200000 100000\n', '/memory.max': '268435456\n' },
    2,
    268_435_456,
  ],
  [
    'version 2, without limits',
    { '/proc/self/cgroup': '0::/\n', '/cpu.max': 'max 100000\n', '/memory.max': 'max\n' },
    undefined,
    undefined,
  ],
  [
    'version 2, limits of the groups around it',
    {
      '/proc/self/cgroup': '0::/a/b/c\n',
      '/a/b/c/cpu.max': '800000 100000\n',
      '/a/b/cpu.max': '150000 100000\n',
      '/a/b/c/memory.max': 'max\n',
      '/a/memory.max': '1073741824\n',
    },
    1.5,
    1_073_741_824,
  ],
  [
    'version 1, in a container whose path is the one outside',
    {
      '/proc/self/cgroup': '5:memory:/docker/1234\n2:cpu,cpuacct:/docker/1234\n1:name=systemd:/docker/1234\n0::/\n',
      '/cpu/cpu.cfs_quota_us': '400000\n',
      '/cpu/cpu.cfs_period_us': '100000\n',
      '/memory/memory.limit_in_bytes': '536870912\n',
    },
    4,
    536_870_912,
  ],
  [
    'version 1, without limits',
    {
      '/proc/self/cgroup': '5:memory:/\n2:cpu:/\n',
      '/cpu/cpu.cfs_quota_us': '-1\n',
      '/cpu/cpu.cfs_period_us': '100000\n',
      '/memory/memory.limit_in_bytes': unlimitedV1,
    },
    undefined,
    undefined,
  ],
  [
    'version 1, on the machine itself',
    {
      '/proc/self/cgroup': '5:memory:/step\n2:cpu:/step\n',
      '/cpu/step/cpu.cfs_quota_us': '50000\n',
      '/cpu/step/cpu.cfs_period_us': '100000\n',
      '/memory/step/memory.limit_in_bytes': '8589934592\n',
      '/memory/memory.limit_in_bytes': unlimitedV1,
    },
    0.5,
    8_589_934_592,
  ],
  [
    'files of another form',
    { '/proc/self/cgroup': 'x\n0::/\n', '/cpu.max': 'a b', '/memory.max': '' },
    undefined,
    undefined,
  ],
];

it.each(cases)('reads the limits: %s', (_, files, processors, memory) => {
  expect(containerLimits((path) => files[path.replace(/^\/sys\/fs\/cgroup/, '')])).toEqual({ processors, memory });
});

it('reads those of this machine', () => {
  const { processors = 1, memory = 1 } = containerLimits();
  expect(processors).toBeGreaterThan(0);
  expect(memory).toBeGreaterThan(0);
});
