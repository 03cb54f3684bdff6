package org.sluice.tck.driver;

import static org.junit.jupiter.api.Assumptions.abort;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sluice.api.IommuException;
import org.sluice.board.model.ModelBoardDoor;
import org.sluice.board.qemu.QemuBoardDoor;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.pgtable.arm.Stage2Format;
import org.sluice.smmuv3.driver.Smmuv3Driver;

/** The house's driver on the house's boards. */
final class Boards {
    private static final String BINARY = "qemu-system-aarch64";

    private Boards() {}

    /**
     * The model.
     *
     * @param inject defect between driver and device, or {@code none}
     */
    static DriverUnderTest model(String inject) {
        return subject("the model, defect " + inject, false, model("full", inject));
    }

    /** The model with addresses of 52 bits and everything else that it can do, and a driver that joins leaves to groups. */
    static DriverUnderTest largeModel() {
        return subject("the model with everything on", true, model("everything-on", "none"));
    }

    private static BoardSource model(String profile, String inject) {
        return streamIds -> {
            Map<String, Object> properties = properties(streamIds, ";pasids=8");
            properties.put("iommu.profile", profile);
            properties.put("inject", inject);
            return ModelBoardDoor.powerOn(properties);
        };
    }

    /**
     * QEMU. Without it the tests are skipped, loudly; they fail if it is required.
     *
     * @param key system property with the program's path
     * @param stage of its SMMU, or empty
     */
    static DriverUnderTest qemu(String key, String stage) {
        String binary = System.getProperty(key, key.equals("sluice.qemu") ? BINARY : "");
        if (binary.isEmpty()) {
            return notRun(key + " names no program");
        }
        String version;
        try {
            version = QemuBoardDoor.version(binary);
        } catch (IommuException missing) {
            if (Boolean.getBoolean("sluice.qemu.required")) {
                throw missing;
            }
            return notRun(missing.getMessage());
        }
        return subject(version + (stage.isEmpty() ? "" : ", stage " + stage), false, streamIds -> {
            Map<String, Object> properties = properties(streamIds, "");
            properties.put("qemu", binary);
            properties.put("iommu.stage", stage);
            return QemuBoardDoor.powerOn(properties);
        });
    }

    private static <T> T notRun(String why) {
        String line = "NOT RUN, no QEMU: " + why;
        System.err.println(line);
        return abort(line);
    }

    private static DriverUnderTest subject(String platform, boolean contiguous, BoardSource boards) {
        return new DriverUnderTest(
                platform, new Smmuv3Driver(null, contiguous), List.of(new Stage1Format(), new Stage2Format()), boards);
    }

    private static Map<String, Object> properties(List<Integer> streamIds, String more) {
        return new HashMap<>(Map.of(
                "name", "tck",
                "memory", String.format("0x%x+0x%x", BoardSource.MEMORY, BoardSource.MEMORY_BYTES),
                "pool", String.format("0x%x+0x%x", BoardSource.POOL, BoardSource.POOL_BYTES),
                "endpoints",
                        streamIds.stream()
                                .map(id -> String.format("dma%d;sid=0x%x%s", id, id, more))
                                .toArray(String[]::new)));
    }
}
