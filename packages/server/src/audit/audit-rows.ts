import type { AuditLine } from '@pipecat-cloud/contract/audit-chain';
import type { AuditTables } from './audit-table.js';
import { type ChainHead, chainOf } from './chain-head.js';

export function toLine(row: AuditTables['audit']): AuditLine {
  return {
    seq: row.seq,
    prevHash: row.prev_hash,
    hash: row.hash,
    id: row.id,
    organizationId: row.organization_id,
    at: row.at,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    credentialId: row.credential_id,
    parentCredentialId: row.parent_credential_id,
    address: row.address,
    userAgent: row.user_agent,
    ciRun: row.ci_run,
    action: row.action,
    target: row.target,
    detail: row.detail_json === null ? null : readDetail(row.detail_json),
  };
}

/** A text that someone has spoiled in the database must not stop the verification that is to find it. */
function readDetail(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { unreadable: text };
  }
}

export function toRow(line: AuditLine): AuditTables['audit'] {
  return {
    id: line.id,
    chain: chainOf(line.organizationId),
    seq: line.seq,
    prev_hash: line.prevHash,
    hash: line.hash,
    organization_id: line.organizationId,
    at: line.at,
    actor_kind: line.actorKind,
    actor_id: line.actorId,
    credential_id: line.credentialId,
    parent_credential_id: line.parentCredentialId,
    address: line.address,
    user_agent: line.userAgent,
    ci_run: line.ciRun,
    action: line.action,
    target: line.target,
    detail_json: line.detail && JSON.stringify(line.detail),
  };
}

export function toHead(row: AuditTables['audit_chain']): ChainHead {
  return {
    chain: row.chain,
    head: { seq: row.seq, hash: row.hash },
    anchor: { seq: row.anchor_seq, hash: row.anchor_hash },
    begun: row.begun,
    mac: row.mac,
  };
}

export function toHeadRow({ chain, head, anchor, begun, mac }: ChainHead): AuditTables['audit_chain'] {
  return { chain, seq: head.seq, hash: head.hash, anchor_seq: anchor.seq, anchor_hash: anchor.hash, begun, mac };
}
