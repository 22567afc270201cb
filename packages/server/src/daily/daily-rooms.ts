import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { AppError, badRequest, conflict } from '../errors.js';
import { startTimeoutSeconds } from '../pool/instance-spec.js';
import type { Clock } from '../system.js';
import type { DailyClient, JsonObject } from './daily-client.js';
import { DailyRefusal } from './daily-client.js';
import type { DailySettingsService } from './daily-settings.js';

interface DailyRoomsDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  daily: DailyClient;
  settings: Pick<DailySettingsService, 'keyOf'>;
}
export interface RoomOrder {
  organizationId: string;
  sessionId: string;
  maxSessionSeconds: number;
  roomProperties?: JsonObject | undefined;
  /** Of the person's token alone. */
  tokenProperties?: JsonObject | undefined;
}
export interface Room {
  url: string;
  /** For the person who talks to the bot. */
  token: string;
  botToken: string;
}

/** A session that is set up late still finds its room. */
const marginSeconds = startTimeoutSeconds + 30;
const sweptAtOnce = 20;
const firstRetryMs = 15_000;
const longestRetryMs = 600_000;

/** Rooms at Daily, one for a session, and none longer than that. */
export function createDailyRooms({ store, clock, log, daily, settings }: DailyRoomsDeps) {
  async function keyOf(organizationId: string) {
    const key = await settings.keyOf(organizationId);
    if (key) return key;
    throw badRequest(
      'createDailyRoom needs a Daily API key, and this organization has none. Set one with `pipecat cloud organizations daily set`, or start with transport webrtc or websocket',
    );
  }

  /** Deletes one; what Daily will do by itself soon is not asked for again and again. */
  async function remove(room: Awaited<ReturnType<typeof store.daily.roomsToDelete>>[number]): Promise<void> {
    const now = clock.now();
    try {
      const key = await settings.keyOf(room.organizationId);
      if (key && key.own === room.ownKey) await daily.deleteRoom(key.apiKey, room.name);
      else log.info({ room: room.name }, 'the key that made a Daily room is gone: the room ends when its time is up');
    } catch (err) {
      const known = err instanceof AppError;
      if (!known) log.error({ err, room: room.name }, 'a Daily room could not be deleted');
      const keyIsBad = err instanceof DailyRefusal && (err.dailyStatus === 401 || err.dailyStatus === 403);
      if (!keyIsBad && room.expiresAt > now.toISOString()) {
        const pause = Math.min(longestRetryMs, firstRetryMs * 2 ** room.attempts);
        return await store.daily.postponeRoom(room.sessionId, new Date(now.getTime() + pause));
      }
    }
    await store.daily.removeRoom(room.sessionId);
  }

  return {
    /** Throws 400 where the organization can make no room, before anything is claimed for it. */
    async check(organizationId: string): Promise<void> {
      await keyOf(organizationId);
    },

    /** Makes the room, a token for the person and one for the bot. What was made is deleted with its session, or when it fails halfway. */
    async create(order: RoomOrder): Promise<Room> {
      const { organizationId, sessionId, maxSessionSeconds, roomProperties = {}, tokenProperties = {} } = order;
      const { apiKey, own } = await keyOf(organizationId);
      const now = clock.now();
      const ends = Math.floor(now.getTime() / 1000) + maxSessionSeconds + marginSeconds;
      const properties = { exp: ends, eject_at_room_exp: true, ...roomProperties };
      const exp = expiryOf(properties, now);
      const name = `pcc-${sessionId}`;
      const expiresAt = new Date(exp * 1000).toISOString();
      // Before the room: one that is made and then forgotten would stay.
      await store.daily.addRoom({ sessionId, organizationId, name, ownKey: own, expiresAt }, now);
      const { url } = await daily.createRoom(apiKey, { name, privacy: 'private', properties });
      await store.daily.setRoomUrl(sessionId, url);
      const common = { room_name: name, exp };
      const [token, botToken] = await Promise.all([
        daily.createToken(apiKey, { ...common, ...tokenProperties, room_name: name }),
        // An owner: a bot dials, records and admits.
        daily.createToken(apiKey, { ...common, is_owner: true }),
      ]);
      return { url, token, botToken };
    },

    /** Another token for the person, of the room that a session was given before. Throws 409 once that session is over. */
    async enterAgain(
      organizationId: string,
      sessionId: string,
      tokenProperties: JsonObject = {},
    ): Promise<Pick<Room, 'url' | 'token'>> {
      const { apiKey } = await keyOf(organizationId);
      const room = await store.daily.findRoom(organizationId, sessionId);
      if (!room)
        throw conflict(`Session ${sessionId}, which this Idempotency-Key began, has ended, and its room with it`);
      const exp = Math.floor(new Date(room.expiresAt).getTime() / 1000);
      const token = await daily.createToken(apiKey, { exp, ...tokenProperties, room_name: room.name });
      return { url: room.url, token };
    },

    /** Deletes rooms whose session is over. */
    async sweep(): Promise<void> {
      const due = await store.daily.roomsToDelete(clock.now(), sweptAtOnce);
      await Promise.all(due.map(remove));
    },
  };
}
export type DailyRooms = ReturnType<typeof createDailyRooms>;

/** In Unix seconds. */
function expiryOf({ exp }: { exp: unknown }, now: Date): number {
  if (typeof exp === 'number' && Number.isFinite(exp) && exp * 1000 > now.getTime()) return Math.floor(exp);
  throw badRequest('dailyRoomProperties.exp is a time in the future, in Unix seconds');
}
