import type { Cluster, Redis } from 'ioredis';

/** A connection to Redis in whichever form it has: standalone, through sentinels, or a cluster. */
export type RedisClient = Redis | Cluster;
