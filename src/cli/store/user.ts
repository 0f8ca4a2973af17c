import { Command, Option } from 'commander';
import { roles } from '../../http/auth/index.ts';
import type { UserJson } from '../../http/store-api/index.ts';
import { ask } from '../context.ts';
import { collect } from '../operator/serve.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { instant, table } from '../table.ts';
import { readPassword } from './password.ts';

/** `user add|list|passwd` */
export function userCommands(world: CliWorld): Command {
  const user = new Command('user').description('Who may use the store');

  user
    .command('add <name>')
    .description('Add a user')
    .addOption(new Option('--role <role>', 'what they are').choices(roles).makeOptionMandatory())
    .option('--namespace <ns>', 'where they belong; repeatable (a producer: NAME)', collect)
    .option('--password-stdin', 'read the password from standard input')
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { role, namespace: namespaces = [] } = options;
      const password = await readPassword(world, options, name);
      const body = { name, role, namespaces, password: password.reveal() };
      await ask(world, command, (store) => store.post<UserJson>('/users', body), added);
    });

  user
    .command('list')
    .description('List all users')
    .action(async (_options: unknown, command: Command) => {
      await ask(world, command, (store) => store.get<UserJson[]>('/users'), list);
    });

  user
    .command('passwd [name]')
    .description('Change a password, your own or (admin) any')
    .option('--password-stdin', 'read the new password from standard input')
    .action(async (given: string | undefined, options: PasswordOptions, command: Command) => {
      await ask(
        world,
        command,
        async (store) => {
          const name = given ?? (await store.get<{ name: string }>('/me')).name;
          const password = await readPassword(world, options, name);
          const body = { password: password.reveal() };
          await store.put(`/users/${encodeURIComponent(name)}/password`, body);
          return { name };
        },
        ({ name }) =>
          `The password of ${printable(name)} is changed; saved logins with the old one end.\n`,
      );
    });
  return user;
}

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

interface AddOptions extends PasswordOptions {
  readonly role: UserJson['role'];
  readonly namespace?: readonly string[];
}

function added({ name, role, namespaces }: UserJson): string {
  const where = namespaces.length === 0 ? '' : ` in ${namespaces.join(', ')}`;
  return `Added ${printable(`${name}, ${role}${where}`)}.\n`;
}

function list(users: readonly UserJson[]): string {
  const rows = users.map(({ name, role, namespaces, createdAt }) => [
    name,
    role,
    namespaces.join(',') || '-',
    instant(createdAt),
  ]);
  return table(['NAME', 'ROLE', 'NAMESPACES', 'ADDED'], rows);
}
