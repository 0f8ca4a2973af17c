/*
 * What a project may say, as compose 5.5 (compose-go 2.14) knows it. A newer compose may take an image from a
 * key that nobody here knows, so such a key is refused; one that begins with `x-` compose passes over.
 */

/** Of the project; `version` only compose 1 prints. */
export const projectKeys = keys('name version services networks volumes secrets configs');

/** Of a service. `provider` and `models` are left out: what they bring is verified by nobody. */
export const serviceKeys = keys(
  `annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
   container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus
   cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search
   domainname entrypoint env_file environment expose external_links extra_hosts gpus group_add healthcheck
   hostname image init ipc isolation label_file labels links log_driver log_opt logging mac_address mem_limit
   mem_reservation mem_swappiness memswap_limit net network_mode networks oom_kill_disable oom_score_adj pid
   pids_limit platform ports post_start pre_start pre_stop privileged profiles pull_policy read_only restart
   runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls
   tmpfs tty ulimits use_api_socket user userns_mode uts volume_driver volumes volumes_from working_dir`,
);

/** Of a service's `build`. */
export const buildKeys = keys(
  `additional_contexts args cache_from cache_to context dockerfile dockerfile_inline entitlements
   extra_hosts isolation labels network no_cache no_cache_filter platforms privileged provenance pull sbom
   secrets shm_size ssh tags target ulimits`,
);

/** Of a command that runs before or after a service. */
export const hookKeys = keys('command environment image per_replica privileged user working_dir');

/** What can be mounted that is no image. */
export const mountTypes = keys('bind cluster npipe tmpfs volume');

function keys(names: string): ReadonlySet<string> {
  return new Set(names.split(/\s+/));
}
