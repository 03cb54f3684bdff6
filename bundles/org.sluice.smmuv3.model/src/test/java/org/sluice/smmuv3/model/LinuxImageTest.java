package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;

/** Tables that a Linux kernel wrote, through the model: nothing of this project made them. */
class LinuxImageTest {
    private static Smmu boot(LinuxImage image) {
        Smmu smmu = Smmu.reset("profile", "qemu-7.2");
        image.load(smmu.memory);
        Map<String, LinuxImage.Register> registers = image.registers();
        for (LinuxImage.Register register : registers.values()) {
            boolean enable = register.offset() == Cr0.ADDRESS;
            if (!enable && register.width() == Long.SIZE) {
                smmu.registers.write64(register.offset(), register.value());
            } else if (!enable) {
                smmu.registers.write32(register.offset(), (int) register.value());
            }
        }
        smmu.registers.write32(Cr0.ADDRESS, (int) registers.get("CR0").value());
        return smmu;
    }

    @ParameterizedTest
    @ValueSource(strings = {"single-nvme", "nvme-virtioblk-strict", "passthrough-vfio"})
    void idRegistersAreThoseOfTheCapture(String capture) {
        LinuxImage image = new LinuxImage(capture);
        Smmu smmu = boot(image);

        for (LinuxImage.Register register : image.registers().values()) {
            if (register.offset() < Cr0.ADDRESS) {
                assertThat(Integer.toUnsignedLong(smmu.registers.read32(register.offset())))
                        .as(register.name())
                        .isEqualTo(register.value());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"single-nvme", "nvme-virtioblk-strict", "passthrough-vfio"})
    void everyMappingTranslatesWithItsPermission(String capture) {
        LinuxImage image = new LinuxImage(capture);
        Smmu smmu = boot(image);
        List<Map<String, String>> rows = image.rows("expected-mappings.csv");
        assertThat(rows).isNotEmpty();

        for (Map<String, String> row : rows) {
            int sid = Integer.decode(row.get("sid"));
            long iova = Long.decode(row.get("iova"));
            long pa = Long.decode(row.get("pa"));
            long size = Long.decode(row.get("size"));
            boolean writable = row.get("perm").contains("w");
            for (long offset : new long[] {0, size / 2 + 8, size - 1}) {
                assertThat(smmu.model.translate(sid, Dma.NO_PASID, iova + offset, 0))
                        .as("%s", row)
                        .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, pa + offset, size, ""));
                Translation write = smmu.model.translate(sid, Dma.NO_PASID, iova + offset, IommuModel.WRITE);
                assertThat(write.outcome() == Translation.Outcome.TRANSLATED)
                        .as("%s", row)
                        .isEqualTo(writable);
                assertThat(write.reason()).isEqualTo(writable ? "" : "F_PERMISSION");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"single-nvme", "nvme-virtioblk-strict", "passthrough-vfio"})
    void everythingBesideTheMappingsFaults(String capture) {
        LinuxImage image = new LinuxImage(capture);
        Smmu smmu = boot(image);
        List<Map<String, String>> rows = image.rows("expected-mappings.csv");
        Set<String> mapped = new HashSet<>();
        Set<Integer> streams = new HashSet<>();
        for (Map<String, String> row : rows) {
            streams.add(Integer.decode(row.get("sid")));
            long iova = Long.decode(row.get("iova"));
            for (long page = iova; page < iova + Long.decode(row.get("size")); page += 4096) {
                mapped.add(row.get("sid") + ":" + page);
            }
        }
        int faults = 0;
        for (int sid : streams) {
            String stream = String.format("0x%x:", sid);
            for (Map<String, String> row : rows) {
                long iova = Long.decode(row.get("iova"));
                for (long page : new long[] {iova - 4096, iova + Long.decode(row.get("size")), iova + 0x1_0000_0000L}) {
                    if (!mapped.contains(stream + page)) {
                        faults++;
                        assertThat(smmu.model.translate(sid, Dma.NO_PASID, page, 0))
                                .isEqualTo(new Translation(Translation.Outcome.FAULTED, 0, 0, "F_TRANSLATION"));
                    }
                }
            }
        }
        assertThat(faults).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"single-nvme", "nvme-virtioblk-strict", "passthrough-vfio"})
    void streamsBypassOrAbortAsTheirEntriesSay(String capture) {
        LinuxImage image = new LinuxImage(capture);
        Smmu smmu = boot(image);

        for (Map<String, String> row : image.rows("expected-ste.csv")) {
            if (row.get("ConfigName").equals("bypass")) {
                assertThat(smmu.model
                                .translate(Integer.decode(row.get("sid")), Dma.NO_PASID, 0x1234, 0)
                                .outcome())
                        .isEqualTo(Translation.Outcome.BYPASSED);
            }
        }
        // Linux fills the second level that it allocated with entries that abort
        assertThat(smmu.model.translate(0xf8, Dma.NO_PASID, 0x1234, 0).outcome())
                .isEqualTo(Translation.Outcome.ABORTED);
    }
}
