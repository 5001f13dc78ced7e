import { usage } from '../command-line/usage.ts'
import { KUBERNETES, LOG_LEVEL } from './shared.ts'

export const INJECTOR = usage({
  name: 'injector',
  brief: 'in a cluster: puts sidecars into pods and judges policy ConfigMaps before they are stored',
  synopsis: '',
  flags: {
    config: { value: 'PATH', says: 'what is injected', otherwise: '/etc/outrigger/injector/config.yaml' },
    listen: { value: 'HOST:PORT', says: 'the webhooks, by HTTPS', otherwise: '[::]:10250' },
    admin: { value: 'HOST:PORT', says: 'probes and metrics', otherwise: '[::]:19002' },
    namespace: { value: 'NS', says: 'of the injector', also: 'POD_NAMESPACE', depends: "the pod's own" },
    service: { value: 'NAME', says: 'the Service in front of it', otherwise: 'outrigger-injector' },
    'webhook-configuration': { value: 'NAME', says: 'what to keep the CA bundle in', otherwise: 'outrigger-injector' },
    certificates: { value: 'self|files', says: 'signed here, or found in a folder', otherwise: 'self' },
    'certificate-folder': { value: 'PATH', says: 'with tls.crt and tls.key', otherwise: '/etc/outrigger/certificates' },
    'ca-secret': { value: 'NAME', says: 'the Secret of the CA', otherwise: 'outrigger-injector-ca' },
    'ca-lifetime': { value: 'DURATION', says: 'of the CA', otherwise: '87600h' },
    'certificate-lifetime': { value: 'DURATION', says: 'of what it signs', otherwise: '720h' },
    'drain-delay': { value: 'DURATION', says: 'between the signal and the end of accepting', otherwise: '5s' },
    ...KUBERNETES,
    'log-level': LOG_LEVEL,
  },
  variables: 'all',
  exit: {
    0: 'after a drain',
    1: 'a file that cannot be used, or a port that is taken',
    130: 'a second SIGINT',
    143: 'a second SIGTERM',
  },
})
