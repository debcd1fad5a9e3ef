/** Location headers in the various forms of registries: distribution-spec 1.1 allows "absolute or relative". */
import type { Exchange } from './exchange.ts';
import type { RegistryContext } from './registry-context.ts';
import type { LocationForm } from './registry-options.ts';
import type { Upload } from './registry-open-uploads.ts';

/** A new Location for the upload. */
export function uploadLocation(exchange: Exchange, registry: RegistryContext, upload: Upload): string {
  const { behaviour, uploads, origins } = registry;
  const form = exchange.fault('location')?.form ?? behaviour.location;
  const server = exchange.server === 'blobs' || form === 'other-host' ? 'blobs' : 'registry';
  const target = uploads.move(upload, server);
  const origin = origins()[server];
  const forms: Readonly<Record<LocationForm, string>> = {
    absolute: origin + target,
    'scheme-less': origin.replace(/^http:/, '') + target,
    path: target,
    relative: target.slice(target.indexOf(upload.id)),
    'other-host': origin + target,
  };
  return forms[form];
}

/** The Location of stored content. */
export function contentLocation({ behaviour, origins }: RegistryContext, path: string): string {
  const { registry } = origins();
  const forms: Readonly<Record<LocationForm, string>> = {
    absolute: registry + path,
    'scheme-less': registry.replace(/^http:/, '') + path,
    path,
    relative: path,
    'other-host': registry + path,
  };
  return forms[behaviour.location];
}
