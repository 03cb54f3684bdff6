package org.sluice.board.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.board.Dma;

/** Whatever happens to QEMU: nothing hangs, and everybody is told the same reason. */
@Timeout(120)
class QemuFailureTest {
    private static final String ADDRESS_SPACE = "0x40000000+0x10000000";

    @TempDir
    Path folder;

    @Test
    void qemuThatIsKilledFailsEverybodyWithOneReason() throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        QemuBoard board = new QemuBoard(
                QemuConfig.parse(InstalledQemu.properties("disk;sid=0x10")),
                new ResidentMemoryFactory(),
                told::complete);
        try {
            Set<String> reasons = Collections.synchronizedSet(new TreeSet<>());
            AtomicLong calls = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            List<Runnable> users = List.of(
                    () -> board.memory().read64(InstalledQemu.DATA),
                    () -> board.memory().write64(InstalledQemu.DATA, 1),
                    () -> board.endpoints().get(0).dma().read(Dma.NO_PASID, InstalledQemu.DATA, new byte[64], 0, 64, 0),
                    () -> board.iommus().get(0).registers().read32(0));
            for (Runnable user : users) {
                Thread thread = new Thread(() -> {
                    try {
                        while (true) {
                            user.run();
                            calls.incrementAndGet();
                        }
                    } catch (IommuException end) {
                        assertThat(end.errno()).isEqualTo(Errno.EIO);
                        reasons.add(end.getMessage());
                    }
                });
                threads.add(thread);
                thread.start();
            }
            while (calls.get() < 200) {
                Thread.onSpinWait();
            }
            ProcessHandle.current()
                    .children()
                    .filter(child -> child.info().command().orElse("").contains("qemu"))
                    .forEach(ProcessHandle::destroyForcibly);
            for (Thread thread : threads) {
                thread.join(60_000);
                assertThat(thread.isAlive()).as("hangs").isFalse();
            }
            assertThat(reasons).singleElement().asString().contains("qemu-test", "exit code 137");
            assertThat(told.get(60, TimeUnit.SECONDS))
                    .isSubstringOf(reasons.iterator().next());
            assertThatThrownBy(() -> board.memory().read8(InstalledQemu.DATA))
                    .hasMessage(reasons.iterator().next());
        } finally {
            board.close();
        }
    }

    @Test
    void closedBoardLeavesNoProcessAndSaysSo() {
        QemuBoard board = InstalledQemu.board("disk;sid=0x10");
        List<ProcessHandle> children = ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("qemu"))
                .toList();
        board.close();
        assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        assertThatThrownBy(() -> board.memory().read64(InstalledQemu.DATA))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("powered off");
        board.close();
    }

    @Test
    void missingProgramIsNamed() {
        assertThatThrownBy(() -> InstalledQemu.board(configuration("qemu", folder.resolve("no-such-qemu"))))
                .isInstanceOf(IommuException.class)
                .hasMessageStartingWith("ENODEV")
                .hasMessageContaining("no-such-qemu");
    }

    @Test
    void programThatIsTooOldOrSomethingElseIsNamed() throws IOException {
        assertThatThrownBy(() -> InstalledQemu.board(configuration("qemu", script("QEMU emulator version 6.1.0 (x)"))))
                .hasMessageContaining("too old")
                .hasMessageContaining("6.1.0")
                .hasMessageContaining("7.2");
        assertThatThrownBy(() -> InstalledQemu.board(configuration("qemu", script("hello"))))
                .hasMessageContaining("no QEMU")
                .hasMessageContaining("hello");
    }

    /** Answers like a QEMU to the questions, then ends at once with words. */
    @Test
    void qemuThatEndsAtOnceIsQuoted() throws IOException {
        Path program = script("QEMU emulator version 9.9.0");
        Files.writeString(
                program,
                "#!/bin/sh\ncase \"$1\" in --version) echo QEMU emulator version 9.9.0;; -d) ;; *) echo no such board >&2;"
                        + " exit 3;; esac\n");
        assertThatThrownBy(() -> InstalledQemu.board(configuration("qemu", program)))
                .hasMessageStartingWith("EIO")
                .hasMessageContaining("exit code 3")
                .hasMessageContaining("no such board");
    }

    @Test
    void socketWhereNobodyListensIsNamed() {
        assertThatThrownBy(() -> InstalledQemu.board(configuration("socket", folder.resolve("nobody"))))
                .hasMessageStartingWith("ENODEV")
                .hasMessageContaining("nobody");
    }

    @Test
    void socketThatClosesIsAReason() throws IOException {
        assertThatThrownBy(() -> talkTo(channel -> channel.close())).hasMessageContaining("closed the qtest socket");
    }

    @Test
    void refusedCommandIsAReason() throws IOException {
        assertThatThrownBy(() -> talkTo(channel -> {
                    channel.read(ByteBuffer.allocate(100));
                    channel.write(ByteBuffer.wrap("FAIL Unknown IRQ path\n".getBytes(StandardCharsets.US_ASCII)));
                    channel.read(ByteBuffer.allocate(100));
                }))
                .hasMessageContaining("FAIL Unknown IRQ path");
    }

    /** Something of a peer's behaviour. */
    private interface Peer {
        void serve(SocketChannel channel) throws IOException;
    }

    private void talkTo(Peer peer) throws IOException {
        Path socket = folder.resolve("peer");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread thread = new Thread(() -> {
                try (SocketChannel channel = server.accept()) {
                    peer.serve(channel);
                } catch (IOException gone) {
                    // the other side left first
                }
            });
            thread.start();
            InstalledQemu.board(configuration("socket", socket)).close();
        } finally {
            Files.deleteIfExists(socket);
        }
    }

    private static Map<String, Object> configuration(String key, Path value) {
        return Map.of("name", "broken", "memory", ADDRESS_SPACE, "pool", ADDRESS_SPACE, key, value.toString());
    }

    private Path script(String output) throws IOException {
        Path program = folder.resolve("script" + System.nanoTime());
        Files.writeString(program, "#!/bin/sh\necho '" + output + "'\n");
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }
}
