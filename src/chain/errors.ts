import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** What the chain itself refuses; the codes of check and review stand with their links. */
export const chainErrors = {
  CHAIN_REPOSITORY_NAME: {
    message: '"{repository}" is not staging/<producer>/<name>; producers push there',
  },
  CHAIN_CANDIDATE_UNKNOWN: {
    message: 'there is no candidate {id}; "candidate list" shows those there are',
  },
  CHAIN_STATE: {
    message:
      'candidate {id} is {state}, so it cannot be {wanted}; nothing was changed. Look at it again with "candidate show {id}"',
  },
  CHAIN_STATE_CHANGED: {
    message:
      'candidate {id} is no longer {expected}: somebody was faster; nothing was changed. Look at it again with "candidate show {id}"',
  },
  CHAIN_REFUSED: { message: '{actor} refused it: {reason}' },
  CHAIN_RECALLED: { message: '{actor} recalled it: {reason}' },
  REVIEW_FINDINGS_BLOCK: {
    message: '{count} findings block it, the first: {title}; mend the image and push it again',
  },
  CHAIN_SUPERSEDED: {
    message:
      'a newer image of {repository}:{tag} is published already ({digest}); the tag does not go back',
  },
  CHAIN_TAG_IMMUTABLE: {
    message: '{repository}:{tag} leads to {digest} for ever; push and sign it under another tag',
  },
  CHAIN_REASON_NEEDED: {
    message: 'this decision needs a reason ({why}); nothing was changed. Say it with --reason',
  },
  CHAIN_REASON_LENGTH: {
    message: 'a reason has at most {limit} characters, this one has {length}; nothing was changed',
  },
  CHAIN_ACTOR_NEEDED: { message: 'a decision needs the name of who decides' },
  CHAIN_HISTORY_BROKEN: {
    message:
      'the history is not what was written: entry {position}: {reason}. Somebody changed the database; compare it with a backup',
  },
  CHAIN_EVIDENCE_BROKEN: {
    message:
      'the evidence of candidate {id} is not what was written: {reason}. Nothing is done with it; compare the database with a backup',
  },
  CHAIN_EVIDENCE_SHAPE: { message: 'this is not the evidence of the step {step}: {reason}' },
  CHAIN_IMAGE_GONE: {
    message: '{repository} no longer holds {digest}; push the image again and sign it',
  },
  CHAIN_PUBLISH_CONFLICT: {
    message:
      'the trust metadata of {gun} moved on ({role} is at version {version} already); nothing was changed. The store seals again by itself; a recall is to be repeated',
  },
  ADMIT_METADATA_MALFORMED: {
    message:
      'the trust metadata of {gun} cannot be read ({reason}), so none of its tags was admitted; sign and publish again',
  },
  ADMIT_TOO_MANY_TARGETS: {
    message:
      '{gun} signs {count} tags, more than the {limit} a staging repository may; revoke old ones and publish again',
  },
  SEAL_STORE_NAME: {
    message: '"{name}" cannot be a signer; use lowercase letters, digits, - and _, not "releases"',
  },
  SEAL_METADATA_FOREIGN: {
    message:
      '{role} of {gun} is not signed with the key of the store, so the store adds nothing to it; compare the database with a backup',
  },
} satisfies Record<string, ErrorSpec>;

export const chainError = errorFactory(chainErrors);
