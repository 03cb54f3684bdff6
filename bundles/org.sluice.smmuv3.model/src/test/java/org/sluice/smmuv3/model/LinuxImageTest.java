package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

/** Tables that a Linux kernel wrote, through the model: nothing of this project made them. */
class LinuxImageTest {
    private static final int RANDOM_ADDRESSES = 100_000;
    private static final long PAGE = 4096;

    static Stream<LinuxImage> captures() {
        return LinuxImage.all();
    }

    /** Those with a translating stream that maps anything: where all is passed through, there is no leaf to look at. */
    static Stream<LinuxImage> mapped() {
        return captures().filter(image -> !mappings(image).isEmpty());
    }

    /** A row of expected-mappings.csv. */
    private record Mapping(
            int sid, int ssid, boolean stage1, int tag, long iova, long pa, long size, Map<String, String> row) {
        static Mapping of(Map<String, String> row) {
            boolean stage1 = row.get("stage").equals("s1");
            int ssid = stage1 && !row.get("ssid").equals("0") ? Integer.decode(row.get("ssid")) : Dma.NO_PASID;
            return new Mapping(
                    Integer.decode(row.get("sid")),
                    ssid,
                    stage1,
                    Integer.decode(row.get("asid_or_vmid")),
                    Long.decode(row.get("iova")),
                    Long.decode(row.get("pa")),
                    Long.decode(row.get("size")),
                    row);
        }

        boolean permits(char access) {
            return row.get("perm").indexOf(access) >= 0;
        }

        /** Streams that share nothing are told apart. */
        String space() {
            return sid + ":" + ssid;
        }
    }

    private static List<Mapping> mappings(LinuxImage image) {
        return image.rows("expected-mappings.csv").stream().map(Mapping::of).toList();
    }

    @ParameterizedTest
    @MethodSource("captures")
    void idRegistersAreThoseOfTheCapture(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        for (LinuxImage.Register register : image.registers().values()) {
            if (register.offset() < Cr0.ADDRESS && register.name().matches("IDR[0135]")) {
                assertThat(Integer.toUnsignedLong(machine.registers.read32(register.offset())))
                        .as(register.name())
                        .isEqualTo(register.value());
            }
        }
    }

    private static void check(CapturedMachine machine, Mapping mapping, long offset, int flags, char access) {
        Translation found = machine.translate(mapping.sid(), mapping.ssid(), mapping.iova() + offset, flags);
        if (mapping.permits(access)) {
            assertThat(found)
                    .as("%s", mapping)
                    .isEqualTo(
                            new Translation(Translation.Outcome.TRANSLATED, mapping.pa() + offset, mapping.size(), ""));
        } else {
            assertThat(found.reason()).as("%s", mapping).isEqualTo("F_PERMISSION");
        }
    }

    /** The first and last byte of every page, cold and from the caches. */
    @ParameterizedTest
    @MethodSource("mapped")
    void everyAddressTranslatesWithItsPermission(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        List<Mapping> mappings = mappings(image);
        for (int round = 0; round < 2; round++) {
            for (Mapping mapping : mappings) {
                for (long page = 0; page < mapping.size(); page += PAGE) {
                    check(machine, mapping, page, 0, 'r');
                    check(machine, mapping, page + PAGE - 1, 0, 'r');
                    check(machine, mapping, page + 8, IommuModel.WRITE, 'w');
                }
                // fills the caches for the second round
                machine.access(mapping.sid(), mapping.ssid(), mapping.iova(), 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("mapped")
    void everyMappingHasItsMemoryType(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        for (Mapping mapping : mappings(image)) {
            if (mapping.stage1() && mapping.permits('r')) {
                MemoryAttributes attributes = machine.attributes(mapping.sid(), mapping.ssid(), mapping.iova());
                int type = Integer.decode(mapping.row().get("attr"));
                assertThat(attributes.type()).as("%s", mapping).isEqualTo(type);
                boolean inner = mapping.row().get("SH").equals("3") && type >= 0x10 && type != 0x44;
                assertThat(attributes.shareability() == MemoryAttributes.Shareability.INNER)
                        .as("%s", mapping)
                        .isEqualTo(inner);
            }
        }
    }

    private static Map<String, Set<Long>> pages(List<Mapping> mappings) {
        Map<String, Set<Long>> pages = new HashMap<>();
        for (Mapping mapping : mappings) {
            Set<Long> space = pages.computeIfAbsent(mapping.space(), key -> new HashSet<>());
            for (long page = 0; page < mapping.size(); page += PAGE) {
                space.add(mapping.iova() + page);
            }
        }
        return pages;
    }

    private static void faults(CapturedMachine machine, Mapping like, long address) {
        assertThat(machine.translate(like.sid(), like.ssid(), address, 0))
                .as("0x%x of stream 0x%x", address, like.sid())
                .isEqualTo(new Translation(Translation.Outcome.FAULTED, 0, 0, "F_TRANSLATION"));
    }

    // the whole transaction, with its record
    private static void recordsFault(CapturedMachine machine, Mapping like, long address) {
        assertThat(machine.access(like.sid(), like.ssid(), address & -4, 0)).isEqualTo(Dma.ABORT);
        List<long[]> events = machine.events();
        assertThat(events).hasSize(1);
        assertThat(EvtFTranslation.eventID(events.get(0)[0])).isEqualTo(EventId.F_TRANSLATION);
        assertThat(EvtFTranslation.streamID(events.get(0)[0])).isEqualTo(like.sid());
        assertThat(events.get(0)[2]).isEqualTo(address & -4);
    }

    @ParameterizedTest
    @MethodSource("mapped")
    void bothNeighboursOfEveryRangeFault(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        List<Mapping> mappings = mappings(image);
        Map<String, Set<Long>> pages = pages(mappings);
        int neighbours = 0;
        for (Mapping mapping : mappings) {
            for (long page : new long[] {mapping.iova() - PAGE, mapping.iova() + mapping.size()}) {
                if (!pages.get(mapping.space()).contains(page)) {
                    neighbours++;
                    faults(machine, mapping, page);
                    faults(machine, mapping, page + PAGE - 1);
                    recordsFault(machine, mapping, page);
                }
            }
        }
        assertThat(neighbours).isPositive();
    }

    @ParameterizedTest
    @MethodSource("mapped")
    void randomAddressesBesideTheMappingsFault(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        List<Mapping> mappings = mappings(image);
        Map<String, Set<Long>> pages = pages(mappings);
        int outputBits = image.outputBits();
        Random random = new Random(7);
        for (int faults = 0; faults < RANDOM_ADDRESSES; ) {
            Mapping near = mappings.get(random.nextInt(mappings.size()));
            // from the neighbourhood to anywhere
            long address = near.iova() ^ random.nextLong() >>> random.nextInt(53);
            if (!near.stage1() && address >>> outputBits != 0) {
                // untranslated by stage 1, an address must be within the output size before stage 2 sees it
                assertThat(machine.translate(near.sid(), near.ssid(), address, 0)
                                .reason())
                        .isEqualTo("F_ADDR_SIZE");
                faults++;
            } else if (!pages.get(near.space()).contains(address & -PAGE)) {
                faults(machine, near, address);
                if (faults++ % 100 == 0) {
                    recordsFault(machine, near, address);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("captures")
    void streamsBypassOrAbortAsTheirEntriesSay(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        for (Map<String, String> row : image.rows("expected-ste.csv")) {
            if (row.get("ConfigName").equals("bypass")) {
                assertThat(machine.translate(Integer.decode(row.get("sid")), Dma.NO_PASID, 0x1234, 0)
                                .outcome())
                        .isEqualTo(Translation.Outcome.BYPASSED);
            }
        }
    }

    /** The kinds of TLBI that the kernel had queued, as commands for a mapping. */
    private static List<long[]> invalidations(LinuxImage image, Mapping mapping) {
        Map<Integer, Map<String, String>> kinds = new HashMap<>();
        for (Map<String, String> row : image.rows("expected-cmdq.csv")) {
            kinds.put(Integer.decode(row.get("opcode")), row);
        }
        List<long[]> commands = new ArrayList<>();
        for (int opcode : new TreeSet<>(kinds.keySet())) {
            long word0 = Long.parseUnsignedLong(kinds.get(opcode).get("q0").substring(2), 16);
            long word1 = Long.parseUnsignedLong(kinds.get(opcode).get("q1").substring(2), 16);
            boolean reaches = switch (opcode) {
                case Opcode.TLBI_NH_ALL, Opcode.TLBI_NH_ASID, Opcode.TLBI_NH_VA, Opcode.TLBI_NH_VAA -> mapping.stage1();
                case Opcode.TLBI_NSNH_ALL -> true;
                case Opcode.TLBI_S12_VMALL, Opcode.TLBI_S2_IPA -> !mapping.stage1();
                default -> false;
            };
            if (reaches) {
                commands.add(new long[] {
                    mapping.stage1()
                            ? CmdTlbiNhVa.withAsid(word0, mapping.tag())
                            : CmdTlbiS2Ipa.withVmid(word0, mapping.tag()),
                    aimed(opcode, word1, mapping)
                });
            }
        }
        return commands;
    }

    private static long aimed(int opcode, long word1, Mapping mapping) {
        boolean addressed = opcode == Opcode.TLBI_NH_VA || opcode == Opcode.TLBI_NH_VAA || opcode == Opcode.TLBI_S2_IPA;
        if (!addressed) {
            return word1;
        }
        long level =
                CmdTlbiNhVa.ttl(word1) == 0 ? 0 : Integer.decode(mapping.row().get("level"));
        return CmdTlbiNhVa.withAddr(CmdTlbiNhVa.withTtl(word1, level), mapping.iova());
    }

    @ParameterizedTest
    @MethodSource("mapped")
    void swappedDescriptorsServeOnlyUntilTheCapturedInvalidationAndASync(LinuxImage image) {
        CapturedMachine machine = new CapturedMachine(image);
        int stale = 0;
        int swaps = 0;
        for (Mapping mapping : mappings(image)) {
            long at = Long.decode(mapping.row().get("pte_pa"));
            long old = machine.memory.read64(at);
            assertThat(old)
                    .isEqualTo(Long.parseUnsignedLong(mapping.row().get("pte").substring(2), 16));
            int flags = mapping.permits('r') ? 0 : IommuModel.WRITE;
            for (long[] command : invalidations(image, mapping)) {
                machine.access(mapping.sid(), mapping.ssid(), mapping.iova(), flags);
                // another page of the same size, and then nothing
                long other = mapping.pa() ^ mapping.size();
                long swapped = old & ~Stage1Leaf.OUTPUTADDRESS_MASK | other;
                machine.memory.write64(at, swapped);
                long before = address(machine, mapping, flags);
                assertThat(before).isIn(mapping.pa(), other);
                stale += before == other ? 0 : 1;
                machine.commands(command);
                assertThat(address(machine, mapping, flags)).as("%s", mapping).isEqualTo(other);
                machine.access(mapping.sid(), mapping.ssid(), mapping.iova(), flags);
                machine.memory.write64(at, 0);
                machine.commands(command);
                assertThat(machine.translate(mapping.sid(), mapping.ssid(), mapping.iova(), flags)
                                .reason())
                        .isEqualTo("F_TRANSLATION");
                machine.memory.write64(at, old);
                machine.commands(command);
                assertThat(address(machine, mapping, flags)).isEqualTo(mapping.pa());
                swaps++;
            }
        }
        assertThat(swaps).isPositive();
        // the caches are real: what was cached did serve
        assertThat(stale).isEqualTo(swaps);
    }

    private static long address(CapturedMachine machine, Mapping mapping, int flags) {
        return machine.translate(mapping.sid(), mapping.ssid(), mapping.iova(), flags)
                .address();
    }
}
