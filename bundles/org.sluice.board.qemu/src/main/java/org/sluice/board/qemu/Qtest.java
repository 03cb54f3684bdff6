package org.sluice.board.qemu;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The conversation with one QEMU over its qtest socket. Everything that reaches the machine goes through here, so the order
 * of the calls is the order in which the machine sees them: a write is <em>posted</em> (queued, its answer awaited by
 * whoever waits next), a read waits for its own answer. Posted writes leave when somebody waits, with {@link #push}, or
 * when many have gathered.
 *
 * <p>Any thread may call it; one lock guards all, and {@link #hold} keeps it over several calls. The first thing that goes
 * wrong (socket closed, a refused command, no answer in 30 s, {@link #fail}) is the reason that every call fails with from
 * then on, those that wait included. Interrupts of the calling thread neither end a call nor close the socket.
 */
final class Qtest implements AutoCloseable {
    private static final byte[] READ_8 = command("readb ");
    private static final byte[] READ_32 = command("readl ");
    private static final byte[] READ_64 = command("readq ");
    private static final byte[] WRITE_8 = command("writeb ");
    private static final byte[] WRITE_32 = command("writel ");
    private static final byte[] WRITE_64 = command("writeq ");
    private static final byte[] READ_BYTES = command("b64read ");
    private static final byte[] WRITE_BYTES = command("b64write ");
    private static final byte[] FILL = command("memset ");

    private static final int BUFFER_BYTES = 1 << 16;
    private static final int CHUNK_BYTES = 1 << 12;
    private static final long PATIENCE_MILLIS = 30_000;
    private static final int SPINS = 40;

    /** Unread answers fill the socket, and then QEMU sleeps until they are read; it gives some 250 of them room. */
    private static final int MOST_UNANSWERED = 128;

    private final ReentrantLock lock = new ReentrantLock();
    private final SocketChannel channel;
    private final Selector selector;
    private final UnaryOperator<String> explain;
    private final AtomicReference<String> failure = new AtomicReference<>();
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final QtestLines lines = new QtestLines(out);
    private final QtestAnswers answers;
    private long asked;
    private long waits;

    /**
     * Talks over a socket.
     *
     * @param raised told the number of an interrupt line that was raised, under the lock
     * @param explain makes the reason of what was noticed, e.g. by looking at the process
     */
    private Qtest(SocketChannel channel, IntConsumer raised, UnaryOperator<String> explain) throws IOException {
        this.channel = channel;
        this.explain = explain;
        this.answers = new QtestAnswers(raised);
        channel.configureBlocking(false);
        selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
        in.flip();
    }

    /**
     * Connects.
     *
     * @throws IOException nobody listens there
     */
    static Qtest connect(Path socket, IntConsumer raised, UnaryOperator<String> explain) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        return new Qtest(channel, raised, explain);
    }

    private static byte[] command(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    byte read8(long address) {
        return (byte) ask(READ_8, address);
    }

    int read32(long address) {
        return (int) ask(READ_32, address);
    }

    long read64(long address) {
        return ask(READ_64, address);
    }

    void write8(long address, byte value) {
        post(WRITE_8, address, Byte.toUnsignedLong(value));
    }

    void write32(long address, int value) {
        post(WRITE_32, address, Integer.toUnsignedLong(value));
    }

    void write64(long address, long value) {
        post(WRITE_64, address, value);
    }

    /** Reads memory. */
    void read(long address, byte[] target, int offset, int length) {
        lock.lock();
        try {
            for (int done = 0; done < length; done += CHUNK_BYTES) {
                int count = Math.min(CHUNK_BYTES, length - done);
                room(QtestLines.LONGEST);
                lines.put(READ_BYTES, address + done, count);
                asked++;
                await();
                answers.bytes(target, offset + done, count);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Writes memory. */
    void write(long address, byte[] source, int offset, int length) {
        lock.lock();
        try {
            for (int done = 0; done < length; done += CHUNK_BYTES) {
                int count = Math.min(CHUNK_BYTES, length - done);
                room(QtestLines.bytesFor(count));
                lines.put(WRITE_BYTES, address + done, source, offset + done, count);
                posted();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Sets memory to 0. */
    void clear(long address, long bytes) {
        lock.lock();
        try {
            room(QtestLines.LONGEST);
            lines.put(FILL, address, bytes, 0);
            posted();
        } finally {
            lock.unlock();
        }
    }

    /** Asks to be told when inputs of a device move. */
    void interceptInterrupts(String path) {
        lock.lock();
        try {
            room(path.length() + QtestLines.LONGEST);
            out.put(command("irq_intercept_in " + path + "\n"));
            asked++;
            await();
        } finally {
            lock.unlock();
        }
    }

    /** Sends what was posted; does not wait for it. */
    void push() {
        lock.lock();
        try {
            send();
        } finally {
            lock.unlock();
        }
    }

    /** Takes what arrived meanwhile, unless somebody is talking anyway. */
    void poll() {
        if (lock.tryLock()) {
            try {
                send();
                receive(asked);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Keeps other threads out until {@link #release}. */
    void hold() {
        lock.lock();
    }

    /** Ends a {@link #hold}. */
    void release() {
        lock.unlock();
    }

    /** Why it failed, or null. */
    String failure() {
        return failure.get();
    }

    /** Commands so far, and how often an answer was waited for. */
    long[] statistics() {
        lock.lock();
        try {
            return new long[] {asked, waits};
        } finally {
            lock.unlock();
        }
    }

    /** Ends the conversation; every call fails with this reason unless there is an earlier one. */
    void fail(String reason) {
        failure.compareAndSet(null, reason);
        selector.wakeup();
        try {
            channel.close();
            selector.close();
        } catch (IOException alreadyGone) {
            failure.compareAndSet(null, alreadyGone.toString());
        }
    }

    @Override
    public void close() {
        fail("the conversation with QEMU was closed");
    }

    private long ask(byte[] command, long address) {
        lock.lock();
        try {
            room(QtestLines.LONGEST);
            lines.put(command, address);
            asked++;
            await();
            return answers.number();
        } finally {
            lock.unlock();
        }
    }

    private void post(byte[] command, long address, long value) {
        lock.lock();
        try {
            room(QtestLines.LONGEST);
            lines.put(command, address, value);
            posted();
        } finally {
            lock.unlock();
        }
    }

    private void posted() {
        asked++;
        if (asked - answers.answered() >= MOST_UNANSWERED) {
            waitFor(asked - MOST_UNANSWERED / 2);
        }
    }

    private void room(int bytes) {
        check();
        if (out.remaining() < bytes) {
            send();
        }
    }

    private void await() {
        waits++;
        waitFor(asked);
    }

    private void waitFor(long answer) {
        send();
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        try {
            for (int round = 0; !received(answer); round++) {
                if (round < SPINS) {
                    Thread.onSpinWait();
                } else {
                    interrupted |= Thread.interrupted();
                    select(SelectionKey.OP_READ, deadline);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean received(long answer) {
        receive(answer);
        return answers.answered() >= answer;
    }

    private void receive(long answer) {
        answers.take(in, answer);
        if (answers.answered() < answer && answers.refusal() == null) {
            check();
            in.compact();
            try {
                if (channel.read(in) < 0) {
                    throw broken("it closed the qtest socket");
                }
            } catch (IOException cause) {
                throw broken("it closed the qtest socket: " + cause.getMessage());
            } finally {
                in.flip();
            }
            answers.take(in, answer);
        }
        if (answers.refusal() != null) {
            throw broken("it answered '" + answers.refusal() + "' to a qtest command");
        }
    }

    private void send() {
        check();
        out.flip();
        try {
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
            while (out.hasRemaining()) {
                if (channel.write(out) == 0) {
                    // full in both directions: QEMU sleeps until somebody reads its answers
                    receive(asked);
                    select(SelectionKey.OP_READ | SelectionKey.OP_WRITE, deadline);
                }
            }
        } catch (IOException cause) {
            throw broken("it closed the qtest socket: " + cause.getMessage());
        } finally {
            out.clear();
        }
    }

    private void select(int interest, long deadline) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
            throw broken("it did not answer a qtest command within " + PATIENCE_MILLIS / 1000 + " s");
        }
        try {
            channel.keyFor(selector).interestOps(interest);
            selector.select(left);
            selector.selectedKeys().clear();
        } catch (IOException | RuntimeException closed) {
            throw broken("it closed the qtest socket: " + closed);
        }
    }

    private void check() {
        String reason = failure.get();
        if (reason != null) {
            throw new IommuException(Errno.EIO, reason);
        }
    }

    private IommuException broken(String noticed) {
        if (failure.get() == null) {
            fail(explain.apply(noticed));
        }
        return new IommuException(Errno.EIO, failure.get());
    }
}
