/** Which setting to look at, by what a refused connection says of itself. All of it may be mended while we try on. */
import { envName, settings as declared } from '@dentryscope/contracts/settings';

export interface Refusal {
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly name: string;
  readonly message: string;
}

const tls = envName(declared.kafkaTls);
const ca = envName(declared.kafkaTlsCaFile);
const cert = envName(declared.kafkaTlsCertFile);
const mechanism = envName(declared.kafkaSaslMechanism);
const login = `${envName(declared.kafkaSaslUsername)} and ${envName(declared.kafkaSaslPasswordFile)}`;

/** What a listener that speaks TLS answers to one who does not. */
export const WANTS_TLS = 'the listener speaks TLS';

/** Codes are OpenSSL's (X509_verify_cert_error_string) and Node's (nodejs.org/api/errors.html, "OpenSSL errors"). */
const hints: readonly (readonly [of: RegExp, hint: string])[] = [
  [
    /MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/,
    `a larger max.message.bytes of the topic takes it, or ${envName(declared.maxCgroups)} makes it smaller`,
  ],
  [
    /KafkaJSNotImplemented/,
    'only gzip and uncompressed are read here: set compression.type=producer of the topic and gzip of who else ' +
      'publishes to it; what is there already is read once it has been published anew so, or is over its retention. ' +
      'Nothing is skipped until then',
  ],
  [/INVALID_TIMESTAMP/, "the clock here and the broker's differ by more than the topic allows"],
  [/KafkaJSSASLAuthenticationError/, `is the login right? ${login}`],
  [/mechanism|SASL/i, `the broker may have other mechanisms than ${mechanism}`],
  [/CERT_HAS_EXPIRED/, "the broker's certificate is over; it has to be renewed there"],
  [/CERT_NOT_YET_VALID/, "the broker's certificate is not valid yet; is the clock of one of the two wrong?"],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID/,
    `the broker's certificate is for other names than ${envName(declared.kafkaBrokers)} (or the broker's advertised.listeners) has`,
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED/,
    `${ca} must name the authority that signed the broker's certificate`,
  ],
  [
    /CERTIFICATE_REQUIRED|alert (bad certificate|unknown ca)/i,
    `the broker wants a certificate it trusts: ${cert}`,
  ],
  [new RegExp(WANTS_TLS), `set ${tls}=on`],
  [
    /before secure TLS connection was established|WRONG_VERSION_NUMBER|wrong version number/,
    `the listener may speak no TLS: ${tls}`,
  ],
  [/Closed connection|ECONNRESET/, `a listener that wants TLS or a login ends it so: ${tls}, ${mechanism}`],
];

export function hintFor({ code = '', type = '', name, message }: Refusal): string {
  const said = `${name} ${code} ${type} ${message}`;
  const hint = hints.find(([of]) => of.test(said))?.[1];
  return hint === undefined ? '' : ` (${hint})`;
}
