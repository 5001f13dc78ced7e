import { LINK_SERVICES } from '../../src/firewall/settings.ts'
import { usage } from '../command-line/usage.ts'

export const FIREWALL = usage({
  name: 'firewall',
  brief: "the rules that lead a pod's connections to its sidecar",
  synopsis: 'plan|apply|remove',
  takesWords: true,
  flags: {
    inbound: { value: 'PORT|none', says: "the sidecar's port for connections from outside", otherwise: '19000' },
    outbound: { value: 'PORT|none', says: "the sidecar's port for connections of the application", otherwise: '19001' },
    'proxy-uid': { value: 'UID,…', says: 'users whose connections are left alone', otherwise: '19765' },
    'skip-inbound': { value: 'PORTS', says: 'left alone', otherwise: '19002', mayBeEmpty: true },
    'skip-outbound': { value: 'PORTS', says: 'left alone', otherwise: '' },
    'skip-inbound-cidrs': {
      value: 'CIDRS',
      says: 'where connections come from that are left alone',
      otherwise: '',
    },
    'skip-outbound-cidrs': {
      value: 'CIDRS',
      says: 'where connections go that are left alone',
      otherwise: LINK_SERVICES,
      mayBeEmpty: true,
    },
    'inbound-port-map': {
      value: 'APP:LISTENER,…',
      says: 'a listener for each port; no other inbound port is led anywhere',
      otherwise: '',
    },
    backend: { value: 'auto|nft|legacy', says: 'of iptables', otherwise: 'auto' },
    ipv6: { value: 'auto|disabled', says: 'rules for IPv6, too', otherwise: 'auto' },
  },
  variables: [],
  exit: { 0: 'done', 1: 'not done, and why' },
  notes: ['plan prints the rules and changes nothing; it needs neither privileges nor iptables.'],
})
