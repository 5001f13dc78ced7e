/** New certificates and a new CA while pods are created: lives are so short here that one comes after 10 s, the other after 30. */
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { RELEASE_NAMESPACE } from './helm.ts'
import { caBundles } from './injector.ts'
import { Load } from './load.ts'

/** ms. */
const PATIENCE = 90_000

export async function rotationFacts(report: Report, cluster: Cluster, namespace: string): Promise<void> {
  const { object: service } = await cluster.get('Service', RELEASE_NAMESPACE, 'outrigger-injector')
  const served = (): Promise<X509Certificate> => certificateAt(service.spec.clusterIP)
  const [firstBundle] = await caBundles(cluster)
  const first = await served()
  const began = performance.now()
  const load = new Load(cluster, namespace)
  try {
    const second = await until('another certificate', () => another(served, first), PATIENCE)
    report.note(`another certificate is served after ${seconds(began)} s`)
    const [bundle] = await until('another CA', () => changed(cluster, firstBundle as string), PATIENCE)
    report.note(`the webhooks believe another CA, too, after ${seconds(began)} s`)
    const authorities = certificatesIn(bundle as string)
    report.same('rotation: while the CA changes, the old one and the new one are believed', authorities.length, 2)
    const [fresh] = authorities as [X509Certificate]
    const third = await until(
      'a certificate of the new CA',
      async () => {
        const certificate = await served()
        return certificate.verify(fresh.publicKey) && certificate
      },
      PATIENCE,
    )
    report.note(`a certificate of the new CA is served after ${seconds(began)} s`)
    report.holds('rotation: three certificates were served, one after the other', differ(first, second, third))
  } finally {
    const { pods, bad } = await load.end()
    report.holds(
      `rotation: of ${pods} pods created meanwhile none was refused, and each had its sidecar`,
      bad.length === 0,
      bad,
    )
  }
}

async function another(
  served: () => Promise<X509Certificate>,
  than: X509Certificate,
): Promise<X509Certificate | false> {
  const certificate = await served()
  return certificate.fingerprint256 !== than.fingerprint256 && certificate
}

async function changed(cluster: Cluster, from: string): Promise<readonly (string | undefined)[] | false> {
  const bundles = await caBundles(cluster)
  return bundles.every((bundle) => bundle !== from) && bundles
}

function certificatesIn(base64: string): X509Certificate[] {
  const text = Buffer.from(base64, 'base64').toString()
  return (text.match(/-----BEGIN.*?-----END CERTIFICATE-----/gs) ?? []).map((pem) => new X509Certificate(pem))
}

function differ(...certificates: readonly X509Certificate[]): boolean {
  return new Set(certificates.map((certificate) => certificate.fingerprint256)).size === certificates.length
}

/** What a new connection is shown; whom it is from is for the API server to judge. */
function certificateAt(host: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 443, rejectUnauthorized: false, session: undefined }, () => {
      resolve(socket.getPeerX509Certificate() as X509Certificate)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1)
