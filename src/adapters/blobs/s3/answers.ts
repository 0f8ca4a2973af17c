import { S3ServiceException } from '@aws-sdk/client-s3';
import { Unavailable } from '../../../base/index.ts';

/** @throws Unavailable whatever went wrong */
export async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw outage(error);
  }
}

/** Undefined for what is not there, or no more what was asked for. @throws Unavailable */
export async function there<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof S3ServiceException && error.name !== 'NoSuchBucket') {
      if ([404, 412, 416].includes(error.$metadata.httpStatusCode ?? 0)) return undefined;
    }
    throw outage(error);
  }
}

/** The SDK's errors hold what was signed and with which key: only their words go on. */
export function outage(error: unknown): Unavailable {
  const { name, message } = error as Error;
  return new Unavailable('object storage', new Error(`${name}: ${message}`));
}
