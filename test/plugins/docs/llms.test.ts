import t from 'tap'
import { startGatewayAt } from '../../support/gateway.ts'

t.test('/llms.txt says what this is, and each of its links is served', async (t) => {
  for (const routePrefix of ['', '/media']) {
    const { app } = await startGatewayAt(t, 'http://127.0.0.1:9', { routePrefix })
    const { headers, body } = await app.inject(`${routePrefix}/llms.txt`)
    t.match(headers['content-type'], 'text/plain')
    t.match(body, /^# cloudinary-gateway\n\n> /)
    const links = [...body.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    t.equal(links.length, 5)
    for (const link of links) {
      t.match(link, new RegExp(`^${routePrefix}/(docs|openapi|postman)`))
      t.match((await app.inject(link)).statusCode, /200|302/, link)
    }
  }
})
