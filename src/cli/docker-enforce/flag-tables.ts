import type { FlagSpec } from '../docker-trust/parse-flags.ts';
import { trustFlag } from './content-trust.ts';

/*
 * The flags of docker's commands, as far as it takes to find their arguments: `d,detach` is
 * `-d, --detach`. A flag that stands here as a switch takes no value, any other one does. They are
 * those of docker 28.2.2 and 29.7.2, hidden ones and buildx's included.
 */

/** `docker pull` */
export const pullFlags = flagTable(`a,all-tags ${trustFlag} q,quiet`, 'platform');

/** `docker push` */
export const pushFlags = flagTable(`a,all-tags ${trustFlag} q,quiet`, 'platform');

/** `docker run`, and `docker create`, which lacks some of them. */
export const containerFlags = flagTable(
  `d,detach ${trustFlag} init i,interactive no-healthcheck oom-kill-disable privileged
   P,publish-all q,quiet read-only rm sig-proxy t,tty use-api-socket`,
  `add-host annotation a,attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent
   cgroupns cidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime
   c,cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device device-cgroup-rule device-read-bps
   device-read-iops device-write-bps device-write-iops dns dns-opt dns-option dns-search domainname
   entrypoint e,env env-file expose gpus group-add health-cmd health-interval health-retries
   health-start-interval health-start-period health-timeout h,hostname io-maxbandwidth io-maxiops ip
   ip6 ipc isolation kernel-memory l,label label-file link link-local-ip log-driver log-opt
   mac-address m,memory memory-reservation memory-swap memory-swappiness mount name net net-alias
   network network-alias oom-score-adj pid pids-limit platform p,publish pull restart runtime
   security-opt shm-size stop-signal stop-timeout storage-opt sysctl tmpfs ulimit u,user userns uts
   v,volume volume-driver volumes-from w,workdir`,
);

/** What `docker service create` and `docker service update` both take. */
const serviceValues = `credential-spec endpoint-mode entrypoint health-cmd health-interval health-retries
   health-start-interval health-start-period health-timeout hostname isolation limit-cpu limit-memory limit-pids
   log-driver log-opt max-concurrent memory-swap memory-swappiness oom-score-adj replicas replicas-max-per-node
   reserve-cpu reserve-memory restart-condition restart-delay restart-max-attempts restart-window rollback-delay
   rollback-failure-action rollback-max-failure-ratio rollback-monitor rollback-order rollback-parallelism
   stop-grace-period stop-signal update-delay update-failure-action update-max-failure-ratio update-monitor
   update-order update-parallelism u,user w,workdir`;

const serviceSwitches = `d,detach init no-healthcheck no-resolve-image q,quiet read-only t,tty with-registry-auth`;

/** `docker service create` */
export const serviceCreateFlags = flagTable(
  serviceSwitches,
  `${serviceValues} cap-add cap-drop config constraint container-label dns dns-option dns-search e,env env-file
   generic-resource group host l,label mode mount name network placement-pref p,publish secret sysctl ulimit`,
);

/** `docker service update` */
export const serviceUpdateFlags = flagTable(
  `${serviceSwitches} force rollback`,
  `${serviceValues} args cap-add cap-drop config-add config-rm constraint-add constraint-rm container-label-add
   container-label-rm dns-add dns-option-add dns-option-rm dns-rm dns-search-add dns-search-rm env-add env-rm
   generic-resource-add generic-resource-rm group-add group-rm host-add host-rm image label-add label-rm
   mount-add mount-rm network-add network-rm placement-pref-add placement-pref-rm publish-add publish-rm
   secret-add secret-rm sysctl-add sysctl-rm ulimit-add ulimit-rm`,
);

/** `docker plugin install`, and `docker plugin upgrade`, whose flags are among those. */
export const pluginFlags = flagTable(
  `disable ${trustFlag} grant-all-permissions skip-remote-check`,
  'alias',
);

/** `docker build` of the classic builder and of buildx. */
export const buildFlags = flagTable(
  `check compress D,debug detach ${trustFlag} force-rm load no-cache pull push q,quiet rm squash`,
  `add-host allow annotation attest build-arg build-context builder cache-from cache-to call
   cgroup-parent cpu-period cpu-quota c,cpu-shares cpuset-cpus cpuset-mems f,file iidfile invoke
   isolation label m,memory memory-swap metadata-file network no-cache-filter o,output platform policy
   print progress provenance resource root sbom secret security-opt server-config shm-size ssh t,tag target
   ulimit`,
);

/** `docker buildx`, before its commands and behind them. */
export const builderFlags = flagTable('D,debug', 'builder');

/** `docker compose`, before its commands, of version 2 and 1. */
export const composeFlags = flagTable(
  `all-resources compatibility dry-run ${trustFlag} no-ansi verbose skip-hostname-check tls tlsverify v,version`,
  `ansi c,context env-file f,file H,host insecure-registry log-level parallel profile progress project-directory
   p,project-name tlscacert tlscert tlskey workdir`,
);

/**
 * The commands of `docker compose` that make images or containers, and `start`, which makes one for each
 * command before a service; of versions 5.5.0 and 1.29.2.
 */
export const composeCommandFlags: ReadonlyMap<string, readonly FlagSpec[]> = new Map([
  [
    'up',
    flagTable(
      `abort-on-container-exit abort-on-container-failure always-recreate-deps attach-dependencies build
       d,detach dry-run force-recreate menu no-build no-color no-deps no-log-prefix no-recreate no-start
       quiet-build quiet-pull remove-orphans V,renew-anon-volumes timestamps wait w,watch y y,yes`,
      'attach exit-code-from no-attach pull scale t,timeout wait-timeout',
    ),
  ],
  [
    'create',
    flagTable(
      'build dry-run force-recreate no-build no-recreate quiet-pull remove-orphans y y,yes',
      'pull scale',
    ),
  ],
  ['scale', flagTable('dry-run no-deps', 't,timeout')],
  ['start', flagTable('dry-run wait', 'wait-timeout')],
  ['watch', flagTable('dry-run no-up prune quiet', '')],
  [
    'pull',
    flagTable(
      'dry-run ignore-buildable ignore-pull-failures include-deps no-parallel parallel q,quiet',
      'policy',
    ),
  ],
  [
    'build',
    flagTable(
      `check compress dry-run force-rm no-cache no-rm parallel print pull push q,quiet with-dependencies`,
      'build-arg builder m,memory progress provenance sbom ssh',
    ),
  ],
  [
    'run',
    flagTable(
      `build d,detach dry-run i,interactive no-deps T,no-tty no-TTY P,service-ports q,quiet quiet-build
       quiet-pull remove-orphans rm t,tty use-aliases`,
      `cap-add cap-drop entrypoint e,env env-from-file l,label labels name p,publish pull u,user v,volume
       volumes w,workdir`,
    ),
  ],
]);

function flagTable(switches: string, values: string): readonly FlagSpec[] {
  return [...specs(switches, 'boolean'), ...specs(values, 'list')];
}

function specs(names: string, kind: FlagSpec['kind']): FlagSpec[] {
  return (names.match(/\S+/g) ?? []).map((entry) => {
    const [short = '', name] = entry.split(',');
    return name === undefined ? { name: short, kind } : { name, short, kind };
  });
}
