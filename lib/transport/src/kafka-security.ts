/** The broker's TLS and login as the settings have them. That they go together, lib/runtime has checked. */
import type { Settings } from '@dentryscope/contracts';
import type { KafkaSecurity } from './kafka/index.js';

/** Left out: neither TLS nor a login. */
export type KafkaSecuritySettings = Partial<
  Pick<
    Settings,
    | 'kafkaTls'
    | 'kafkaTlsCaFile'
    | 'kafkaTlsCertFile'
    | 'kafkaTlsKeyFile'
    | 'kafkaSaslMechanism'
    | 'kafkaSaslUsername'
    | 'kafkaSaslPasswordFile'
  >
>;

export function securityOf(settings: KafkaSecuritySettings): KafkaSecurity {
  const { kafkaTlsCaFile: caFile, kafkaTlsCertFile: certFile, kafkaTlsKeyFile: keyFile } = settings;
  const {
    kafkaSaslMechanism: mechanism = 'off',
    kafkaSaslUsername = '',
    kafkaSaslPasswordFile = '',
  } = settings;
  return {
    tls: settings.kafkaTls === 'on' ? { caFile, certFile, keyFile } : undefined,
    login:
      mechanism === 'off'
        ? undefined
        : { mechanism, username: kafkaSaslUsername, passwordFile: kafkaSaslPasswordFile },
  };
}
