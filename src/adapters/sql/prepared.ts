import type { Compilable, CompiledQuery } from 'kysely';
import type { Database } from './database.ts';
import { isPostgres } from './statements.ts';

/** A statement with its values, for whichever database it is then run on. */
export type Asked<Row> = (db: Database) => CompiledQuery<Row>;

/** Leaves a place for a value that is known when the statement is run. */
export type Place<Values> = <T>(of: (values: Values) => T) => T;

/**
 * A statement whose text is made once per kind of database: to build it anew costs several times
 * what SQLite then takes to run it. For the statements of every publish; all others are built where
 * they stand.
 *
 * @param build  with places instead of values; nothing but the values may differ from call to call
 */
export function prepared<Values, Row>(
  build: (db: Database, place: Place<Values>) => Compilable<Row>,
): (values: Values) => Asked<Row> {
  const texts = new Map<boolean, CompiledQuery<Row>>();
  const textFor = (db: Database) => {
    const kind = isPostgres(db);
    const text = texts.get(kind) ?? build(db, placeOf).compile();
    texts.set(kind, text);
    return text;
  };
  return (values) => (db) => {
    const text = textFor(db);
    const parameters = text.parameters.map((one) => (one instanceof Later ? one.of(values) : one));
    return { ...text, parameters };
  };
}

/** Kysely takes it for a value and puts it among the parameters, where it is found again. */
class Later<Values> {
  readonly of: (values: Values) => unknown;

  constructor(of: (values: Values) => unknown) {
    this.of = of;
  }
}

function placeOf<Values, T>(of: (values: Values) => T): T {
  return new Later(of) as T;
}
