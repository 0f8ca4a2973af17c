import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of the trust folder: what can be wrong with files on this machine. */
export const folderErrors = {
  FOLDER_PEM_MALFORMED: {
    message: 'this is not a PEM file: {reason}; restore it from a backup or remove it',
  },
  FOLDER_KEY_MALFORMED: {
    message: 'the key in {file} cannot be read: {reason}; restore it from a backup',
  },
  FOLDER_KEY_UNSUPPORTED: {
    message: 'the key in {file} is of a kind that content trust does not sign with: {kind}',
  },
  FOLDER_KEY_PASSPHRASE: {
    message: 'the passphrase does not open the {role} key {keyId}; give the one it was made with',
  },
  FOLDER_KEY_MISNAMED: {
    message: 'the file {file} holds the key {keyId}; name it {keyId}.key',
  },
  FOLDER_KEY_NEEDS_GUN: {
    message: 'a {role} key belongs to one repository; say which',
  },
  FOLDER_KEY_EXISTS: {
    message:
      'the key {keyId} is in {file} already, under another passphrase or damaged; it was left as it is. Move it away first if the other one is right',
  },
  FOLDER_KEY_UNKNOWN: {
    message: 'no key of the trust folder, or more than one, begins with {text}; see key ls',
  },
  FOLDER_KEY_ON_TOKEN: {
    message:
      'the key {keyId} lies on {place} and never leaves it; use the tools of the token for that. Nothing was changed',
  },
  FOLDER_CHANGE_MALFORMED: {
    message:
      'the staged change in {file} cannot be read: {reason}; nothing is published before it is taken out, with reset and its number in status',
  },
  FOLDER_CHANGE_UNKNOWN: {
    message:
      'the staged change in {file} is of a kind that is not known here ({what}); publish it with the program that staged it, or take it out with reset and its number in status',
  },
  FOLDER_CHANGE_LAST: {
    message:
      'nothing can be staged behind {file}: its name comes after every other. Publish what waits first, or take that change out with reset and its number in status',
  },
  FOLDER_NO_KEYS: { message: 'there are no keys in {folder}; there is nothing to back up' },
  FOLDER_BACKUP_DAMAGED: {
    message: '{file} is not a whole backup: {reason}; nothing was restored. Use another copy of it',
  },
  FOLDER_BACKUP_UNTRIED: {
    message:
      '{count} keys of the backup did not open, the first of them {keyId} ({reason}); nothing was kept. Give their passphrases, or keep the backup untried with --untried',
  },
  FOLDER_FILE_EXISTS: { message: '{file} is there already; nothing is overwritten, name another' },
  FOLDER_UNWRITABLE: { message: '{file} cannot be written ({reason}); nothing was changed' },
  FOLDER_UNREADABLE: {
    message: '{file} cannot be read ({reason}); nothing was trusted without it',
  },
  FOLDER_TOO_LARGE: { message: '{file} is larger than {limitBytes} bytes; it is not a trust file' },
} satisfies Record<string, ErrorSpec>;

export const folderError = errorFactory(folderErrors);
