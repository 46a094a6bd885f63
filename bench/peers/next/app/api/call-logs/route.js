import { NextResponse } from 'next/server'
import { jwtVerify } from 'jose'
import { Pool, types } from 'pg'

types.setTypeParser(types.builtins.INT8, Number)
// Where the database is, and as whom, comes from PG*.
const pool = new Pool({ max: 16 })
const secret = new TextEncoder().encode(process.env.JWT_SECRET)

const page = `select id, phone_number, status, duration,
    case when recording_sid is not null then '${process.env.PUBLIC_URL}/api/call-logs/' || id || '/recording' end as recording_url,
    transcript, created_at, direction, outcome, emergency
  from call_logs where tenant_id = $1 order by created_at desc, id desc limit $2`
const total = `select calls[1]::bigint as calls from call_counts where tenant_id = $1 and grain = 'all' and bucket = '-infinity'`

export const dynamic = 'force-dynamic'

export async function GET(request) {
  let tenant
  try {
    const { payload } = await jwtVerify(request.cookies.get('session')?.value ?? '', secret, { algorithms: ['HS256'] })
    tenant = payload.tenant_id
  } catch {
    return NextResponse.json({ error: 'unauthorized' }, { status: 401 })
  }
  const limit = Math.min(Number(request.nextUrl.searchParams.get('limit') ?? 20), 100)
  // Named, so that both are prepared once a connection.
  const [rows, counted] = await Promise.all([
    pool.query({ name: 'page', text: page, values: [tenant, limit + 1] }),
    pool.query({ name: 'total', text: total, values: [tenant] }),
  ])
  const data = rows.rows.slice(0, limit)
  const last = rows.rows.length > limit ? data[limit - 1] : null
  const next_cursor = last && Buffer.from(`${last.created_at.toISOString()} ${last.id}`).toString('base64url')
  return NextResponse.json({ data, pagination: { total: counted.rows[0].calls, limit, offset: 0, next_cursor } })
}
