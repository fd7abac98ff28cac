import t from 'tap'
import { serviceLinks, withoutServiceLinks } from '../../src/config/service-links.ts'

/** What the kubelet sets for a Service with one named port. */
function linksOf (service: string, address = '10.0.0.1', port = 8080): Record<string, string> {
  const link = `${service}_PORT_${port}_TCP`
  return {
    [`${service}_SERVICE_HOST`]: address,
    [`${service}_SERVICE_PORT`]: String(port),
    [`${service}_SERVICE_PORT_HTTP_METRICS`]: String(port),
    [`${service}_PORT`]: `tcp://${address}:${port}`,
    [link]: `tcp://${address}:${port}`,
    [`${link}_PROTO`]: 'tcp',
    [`${link}_PORT`]: String(port),
    [`${link}_ADDR`]: address
  }
}

t.test('serviceLinks', async (t) => {
  t.test('finds everything that Kubernetes sets for a Service, whatever it is called', async (t) => {
    for (const service of ['METRICS', 'CLOUDINARY_URL', 'CLOUDINARY', 'X_PORT', 'A_SERVICE_HOST', 'METRICS_PORT_80_TCP']) {
      const links = linksOf(service)
      t.same([...serviceLinks({ ...links, PORT: '80', PATH: '/bin' })].sort(), Object.keys(links).sort(), service)
    }
    const ipv6 = { ...linksOf('METRICS', 'fd00::1'), METRICS_PORT: 'tcp://[fd00::1]:80', METRICS_PORT_8080_TCP: 'udp://[fd00::1]:80' }
    t.equal(serviceLinks(ipv6).size, Object.keys(ipv6).length)
  })

  t.test('leaves what a person has set: another shape, or no Service', async (t) => {
    t.same([...serviceLinks({ METRICS_PORT: 'tcp://10.0.0.1:80' })], [], 'no Service')
    t.same([...serviceLinks({ METRICS_SERVICE_HOST: 'metrics.example', METRICS_PORT: 'tcp://10.0.0.1:80' })], [], 'no address')
    t.same([...serviceLinks({ METRICS_SERVICE_HOST: '10.0.0.1', METRICS_PORT: '9464', METRICS_PORT_80_TCP: '', METRICS_HOST: '10.0.0.1' })], ['METRICS_SERVICE_HOST'])
    t.same([...serviceLinks({ METRICS_SERVICE_HOST: '10.0.0.1', SANDBOX_PORT: 'tcp://10.0.0.1:80' })], ['METRICS_SERVICE_HOST'])
    t.same([...serviceLinks({ CLOUDINARY_URL_SERVICE_HOST: 'cloudinary://1:a@demo' })], [])
    t.same([...serviceLinks({ _SERVICE_HOST: '10.0.0.1', _PORT: 'tcp://10.0.0.1:80', X: undefined, X_SERVICE_HOST: undefined })], [])
  })
})

t.test('withoutServiceLinks', async (t) => {
  const own = { METRICS_HOST: '::', PORT: '80' }
  t.equal(withoutServiceLinks(own), own)
  t.same(withoutServiceLinks({ ...own, ...linksOf('METRICS'), METRICS_PORT: undefined }), { ...own, METRICS_PORT: undefined })
})
