/** The release, as package.json has it. */
export const version = '0.1.0';

/** What `--version` prints. */
export const versionLine = `Countermark version ${version}\n`;
