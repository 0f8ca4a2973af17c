/**
 * What we call of the optional package `pkcs11js`. It is declared here because the package is
 * compiled at installation, and types must hold on machines without a compiler too.
 * Handles and mechanisms are those of PKCS#11 2.40.
 */
declare module 'pkcs11js' {
  interface Attribute {
    readonly type: number;
    readonly value?: Buffer | number | boolean | string;
  }

  export class PKCS11 {
    load(path: string): void;
    close(): void;
    C_Initialize(): void;
    C_Finalize(): void;
    C_GetSlotList(tokenPresent: boolean): Buffer[];
    C_GetTokenInfo(slot: Buffer): { readonly label: string };
    C_OpenSession(slot: Buffer, flags: number): Buffer;
    C_CloseSession(session: Buffer): void;
    C_Login(session: Buffer, user: number, pin: string): void;
    C_GenerateKeyPair(
      session: Buffer,
      mechanism: { readonly mechanism: number },
      publicKey: Attribute[],
      privateKey: Attribute[],
    ): { readonly publicKey: Buffer; readonly privateKey: Buffer };
    C_SignInit(session: Buffer, mechanism: { readonly mechanism: number }, key: Buffer): void;
    C_Sign(session: Buffer, data: Buffer, out: Buffer): Buffer;
    C_FindObjectsInit(session: Buffer, template: Attribute[]): void;
    C_FindObjects(session: Buffer, limit: number): Buffer[];
    C_FindObjectsFinal(session: Buffer): void;
    C_GetAttributeValue(session: Buffer, object: Buffer, wanted: Attribute[]): Attribute[];
    C_SetAttributeValue(session: Buffer, object: Buffer, values: Attribute[]): void;
  }

  export const CKF_SERIAL_SESSION: number;
  export const CKF_RW_SESSION: number;
  export const CKU_USER: number;
  export const CKM_ECDSA: number;
  export const CKM_EC_KEY_PAIR_GEN: number;
  export const CKO_PRIVATE_KEY: number;
  export const CKA_CLASS: number;
  export const CKA_TOKEN: number;
  export const CKA_PRIVATE: number;
  export const CKA_SENSITIVE: number;
  export const CKA_EXTRACTABLE: number;
  export const CKA_SIGN: number;
  export const CKA_VERIFY: number;
  export const CKA_EC_PARAMS: number;
  export const CKA_EC_POINT: number;
  export const CKA_ID: number;
  export const CKA_LABEL: number;
  export const CKA_VALUE: number;

  const all: typeof import('pkcs11js');
  export default all;
}
