package org.sluice.board.qemu;

import static org.junit.jupiter.api.Assumptions.abort;

import java.util.HashMap;
import java.util.Map;
import org.sluice.api.IommuException;
import org.sluice.memory.ResidentMemoryFactory;

/**
 * The QEMU of this machine: {@code -Dsluice.qemu=PATH}, or from PATH. Without one, tests are skipped, loudly; with
 * {@code -Dsluice.qemu.required=true} they fail.
 */
final class InstalledQemu {
    static final long MEMORY = QemuConfig.MEMORY_BASE;
    static final long DATA = MEMORY + 0x10_0000;
    static final long POOL = MEMORY + 0x400_0000;

    private InstalledQemu() {}

    static String binary() {
        String binary = System.getProperty("sluice.qemu", "qemu-system-aarch64");
        try {
            QemuProgram.find(binary);
            return binary;
        } catch (IommuException missing) {
            if (Boolean.getBoolean("sluice.qemu.required")) {
                throw missing;
            }
            String text = "SKIPPED, no QEMU: " + missing.getMessage();
            System.err.println(text);
            return abort(text);
        }
    }

    static Map<String, Object> properties(String... endpoints) {
        return new HashMap<>(Map.of(
                "name", "qemu-test",
                "qemu", binary(),
                "memory", String.format("0x%x+0x10000000", MEMORY),
                "pool", String.format("0x%x+0x4000000", POOL),
                "endpoints", endpoints));
    }

    static QemuBoard board(String... endpoints) {
        return board(properties(endpoints));
    }

    static QemuBoard board(Map<String, Object> properties) {
        return new QemuBoard(QemuConfig.parse(properties), new ResidentMemoryFactory(), reason -> {});
    }
}
