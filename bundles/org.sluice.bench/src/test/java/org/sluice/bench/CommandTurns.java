package org.sluice.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.sluice.smmuv3.driver.QueueDoor;

/**
 * The command queue and the plain lock around a ring in turns, a short sample each, so that a busy machine disturbs both alike:
 * prints the ratio of their times, below 1 where the queue leads. A main program; the argument is the number of rounds.
 */
final class CommandTurns {
    private static final int WARM_UP = 10;
    private static final int COMMANDS = 400_000;
    private static final int SLOWER = 20;

    private final ExecutorService pool;
    private final int threads;
    private final QueueDoor door;
    private final int batch;
    private final int operations;

    private CommandTurns(ExecutorService pool, int threads, long registerNanos, int batch) {
        this.pool = pool;
        this.threads = threads;
        this.door = new QueueDoor(registerNanos, true);
        this.batch = batch;
        this.operations = COMMANDS / batch / (registerNanos == 0 ? 1 : SLOWER);
    }

    /** Measures and prints. */
    public static void main(String[] args) throws InterruptedException, ExecutionException {
        int rounds = args.length == 0 ? 41 : Integer.parseInt(args[0]);
        ExecutorService pool = Executors.newCachedThreadPool();
        try {
            for (long registerNanos : new long[] {0, 200}) {
                for (int threads = 1; threads <= 2; threads++) {
                    for (int batch : new int[] {1, 64}) {
                        String ratio = new CommandTurns(pool, threads, registerNanos, batch).compare(rounds);
                        System.out.printf(
                                "register %3d ns, SYNC after %2d, %d threads: %s%n",
                                registerNanos, batch, threads, ratio);
                    }
                }
            }
        } finally {
            pool.shutdown();
        }
    }

    private String compare(int rounds) throws InterruptedException, ExecutionException {
        double[] queue = new double[rounds];
        double[] lock = new double[rounds];
        for (int round = -WARM_UP; round < rounds; round++) {
            double ours = sample(false);
            double theirs = sample(true);
            if (round >= 0) {
                queue[round] = ours;
                lock[round] = theirs;
            }
        }
        Arrays.sort(queue);
        Arrays.sort(lock);
        return String.format(
                "median %.2f, best %.2f, mean %.2f",
                queue[rounds / 2] / lock[rounds / 2],
                queue[0] / lock[0],
                Arrays.stream(queue).sum() / Arrays.stream(lock).sum());
    }

    private double sample(boolean locked) throws InterruptedException, ExecutionException {
        List<Future<?>> others = new ArrayList<>();
        long start = System.nanoTime();
        for (int thread = 1; thread < threads; thread++) {
            others.add(pool.submit(() -> send(locked)));
        }
        send(locked);
        for (Future<?> other : others) {
            other.get();
        }
        return System.nanoTime() - start;
    }

    private void send(boolean locked) {
        for (int i = 0; i < operations; i++) {
            if (locked) {
                for (long page = 0; page < batch; page++) {
                    door.submitLocked(page << 12);
                }
                door.syncLocked();
            } else {
                for (long page = 0; page < batch; page++) {
                    door.submit(page << 12);
                }
                door.sync();
            }
        }
    }
}
