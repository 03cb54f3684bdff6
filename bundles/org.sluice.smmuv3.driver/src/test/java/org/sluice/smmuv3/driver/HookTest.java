package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Iidr;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.PowerOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.HookedUnit;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** Hooks: each kind of departure with and without, and services that come and go while the SMMU runs. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HookTest {
    private static final int IMPLEMENTATION = 0x48301043;

    private final UnitFixture fixture = UnitFixture.complete(10);

    /** Hooks that match one implementation and change nothing by themselves. */
    private static class Hooks implements Smmuv3Hooks {
        @Override
        public String name() {
            return getClass().getSimpleName().isEmpty() ? "erratum" : getClass().getSimpleName();
        }

        @Override
        public Optional<String> match(HardwareIdentity identity) {
            return identity.implementation() == IMPLEMENTATION ? Optional.of("IIDR is as it is") : Optional.empty();
        }
    }

    @AfterEach
    void shutdown() {
        fixture.unit.shutdown();
    }

    private void probe(int implementation, Smmuv3Hooks... hooks) {
        if (fixture.unit != null) {
            fixture.unit.shutdown();
        }
        fixture.registers.set(Iidr.ADDRESS, implementation);
        for (Smmuv3Hooks hook : hooks) {
            fixture.driver.bindHooks(hook, Map.of());
        }
        fixture.probe();
        for (Smmuv3Hooks hook : hooks) {
            fixture.driver.unbindHooks(hook);
        }
    }

    @Test
    void featureThatDoesNotWorkIsNotUsed() {
        Smmuv3Hooks noStage2 = new Hooks() {
            @Override
            public int idRegister(long offset, int value) {
                return offset == Idr0.ADDRESS ? (int) Idr0.withS2p(Integer.toUnsignedLong(value), 0) : value;
            }
        };
        probe(IMPLEMENTATION, noStage2);
        assertThat(fixture.unit.capabilities().stage2()).isFalse();
        assertThat(fixture.unit.capabilities().pasidBits())
                .as("other registers are as they are")
                .isEqualTo(10);
        probe(IMPLEMENTATION + 1, noStage2);
        assertThat(fixture.unit.capabilities().stage2()).isTrue();
    }

    @Test
    void hooksBringUpTheirPartAtProbeAndResumeAndTakeItDownAtTheEnd() {
        List<String> calls = new ArrayList<>();
        Smmuv3Hooks part = new Hooks() {
            @Override
            public void deviceReset(HardwareIdentity identity, RegisterFile registers) {
                calls.add("reset " + Cr0.smmuen(Integer.toUnsignedLong(registers.read32(Cr0.ADDRESS))));
            }

            @Override
            public void deviceRemove(HardwareIdentity identity, RegisterFile registers) {
                calls.add("remove " + Cr0.smmuen(Integer.toUnsignedLong(registers.read32(Cr0.ADDRESS))));
                throw new IllegalStateException("ends nothing else");
            }
        };
        fixture.registers.set(Iidr.ADDRESS, IMPLEMENTATION);
        fixture.driver.bindHooks(part, Map.of());
        fixture.probe();
        assertThat(calls).as("enabled").containsExactly("reset 1");
        PowerOperations power = (PowerOperations) fixture.unit;
        power.suspend();
        power.resume();
        assertThat(calls).containsExactly("reset 1", "reset 1");
        fixture.unit.shutdown();
        assertThat(calls).as("disabled").containsExactly("reset 1", "reset 1", "remove 0");
        fixture.driver.unbindHooks(part);
        fixture.probe();
        assertThat(calls).hasSize(3);
    }

    @Test
    void partThatDoesNotComeUpFailsTheProbe() {
        Smmuv3Hooks part = new Hooks() {
            @Override
            public void deviceReset(HardwareIdentity identity, RegisterFile registers) {
                throw new IommuException(Errno.EIO, "the part of " + identity.iommu() + " does not come up");
            }
        };
        fixture.registers.set(Iidr.ADDRESS, IMPLEMENTATION);
        fixture.driver.bindHooks(part, Map.of());
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(fixture::probe)
                .withMessageContaining("does not come up");
        assertThat(Cr0.smmuen(fixture.registers.get(Cr0.ADDRESS))).isZero();
        fixture.driver.unbindHooks(part);
        fixture.probe();
    }

    @Test
    void bothStagesMayWorkAndNotTogether() {
        Smmuv3Hooks noNesting = new Hooks() {
            @Override
            public boolean hasNesting() {
                return false;
            }
        };
        probe(IMPLEMENTATION, noNesting);
        assertThat(fixture.unit.capabilities().stage2()).isTrue();
        assertThat(fixture.unit).isNotInstanceOf(NestingOperations.class);
        probe(IMPLEMENTATION + 1, noNesting);
        assertThat(fixture.unit).isInstanceOf(NestingOperations.class);
    }

    @Test
    void registersOfPage1MayLieInPage0() {
        Smmuv3Hooks onePage = new Hooks() {
            @Override
            public long registerOffset(long offset) {
                return offset & 0xffff;
            }
        };
        for (int implementation : new int[] {IMPLEMENTATION, 1}) {
            boolean broken = implementation == IMPLEMENTATION;
            int before = fixture.registers.writes().size();
            probe(implementation, onePage);
            List<Long> written = fixture.registers.writes().stream()
                    .skip(before)
                    .map(RegisterFake.Write::address)
                    .collect(Collectors.toList());
            assertThat(written.contains((long) EventqProd.ADDRESS)).isEqualTo(!broken);
            assertThat(written.contains(EventqProd.ADDRESS & 0xffffL)).isEqualTo(broken);
            assertThat(written.contains(EventqCons.ADDRESS & 0xffffL)).isEqualTo(broken);
        }
    }

    @Test
    void oneInterruptMayStandForAll() {
        Smmuv3Hooks combined = new Hooks() {
            @Override
            public String interruptLine(String line) {
                return "combined";
            }
        };
        probe(IMPLEMENTATION, combined);
        fixture.registers.raise(0x0000_0042_0000_0010L, 0, 1, 0);
        fixture.registers.interrupt("combined");
        while (fixture.host.faults().isEmpty()) {
            Thread.yield();
        }
        assertThat(fixture.registers.lines()).containsExactly("combined");
        probe(1, combined);
        assertThat(fixture.registers.lines()).containsExactlyInAnyOrder("eventq", "gerror", "priq");
    }

    @Test
    void deviceMayHaveToPass() {
        Smmuv3Hooks passing = new Hooks() {
            @Override
            public boolean forcesIdentity(HardwareIdentity identity, DeviceRecord device) {
                return device.name().equals("ptt");
            }
        };
        probe(IMPLEMENTATION);
        DeviceRecord ptt = fixture.added("ptt", 0, 0x42);
        DeviceRecord other = fixture.added("other", 0, 0x43);
        TranslationContext context = fixture.context(0x8000_0000L);
        fixture.driver.bindHooks(passing, Map.of());
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(() -> fixture.unit.attach(ptt, Attachment.to(context)))
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(Errno.EOPNOTSUPP));
        fixture.unit.attach(ptt, Attachment.IDENTITY);
        fixture.unit.attach(other, Attachment.to(context));
        fixture.driver.unbindHooks(passing);
        fixture.unit.attach(ptt, Attachment.to(context));
    }

    /** What does not concern features, registers and interrupts acts at once, both ways. */
    @Test
    void hooksThatComeAndGoWhileItRunsActAtOnce() {
        Smmuv3Hooks broken = new Hooks() {
            @Override
            public boolean hasPrefetch() {
                return false;
            }

            @Override
            public int commandsBeforeSync() {
                return 3;
            }
        };
        probe(IMPLEMENTATION);
        DeviceRecord device = fixture.added("dev", 0, 0x42);
        TranslationContext context = fixture.context(0x8000_0000L);
        assertThat(opcodesOf(() -> fixture.unit.attach(device, Attachment.IDENTITY)))
                .contains("PREFETCH_CONFIG");
        fixture.driver.bindHooks(broken, Map.of());
        assertThat(opcodesOf(() -> fixture.unit.attach(device, Attachment.BLOCKED)))
                .doesNotContain("PREFETCH_CONFIG");
        // 1 + 2 * 32 + 3 * 1024 + 4 * 32768 pages: four commands of different scales.
        long pages = 1 + (2 << 5) + (3 << 10) + (4 << 15);
        assertThat(opcodesOf(() -> context.invalidate(0, pages * 4096, 4096, true)))
                .containsExactly("TLBI_NH_VA", "TLBI_NH_VA", "TLBI_NH_VA", "SYNC", "TLBI_NH_VA", "SYNC");
        assertThat(((HookedUnit) fixture.unit).hooks())
                .extracting(AppliedHooks::reason)
                .allMatch(reason -> reason.contains("from the next probe on"));
        fixture.driver.unbindHooks(broken);
        assertThat(((HookedUnit) fixture.unit).hooks()).isEmpty();
        assertThat(opcodesOf(() -> fixture.unit.attach(device, Attachment.IDENTITY)))
                .contains("PREFETCH_CONFIG");
        assertThat(opcodesOf(() -> context.invalidate(0, pages * 4096, 4096, true)))
                .doesNotContain("SYNC");
    }

    @Test
    void whatWasAppliedAtTheProbeStaysAndIsSaid() {
        probe(IMPLEMENTATION, new Hooks());
        assertThat(((HookedUnit) fixture.unit).hooks())
                .extracting(AppliedHooks::reason)
                .allMatch(reason -> reason.startsWith("no longer there"))
                .hasSize(1);
    }

    @Test
    void hooksAreAskedByRankingAndEachSeesTheAnswerBefore() {
        List<String> asked = new ArrayList<>();
        for (int ranking : new int[] {5, 100, -3}) {
            fixture.driver.bindHooks(
                    new Hooks() {
                        @Override
                        public String name() {
                            return "rank " + ranking;
                        }

                        @Override
                        public String interruptLine(String line) {
                            if (line.startsWith("eventq")) {
                                asked.add(line);
                            }
                            return line + "/" + ranking;
                        }
                    },
                    Map.of("service.ranking", ranking));
        }
        probe(IMPLEMENTATION);
        assertThat(asked).containsExactly("eventq", "eventq/100", "eventq/100/5");
        assertThat(((HookedUnit) fixture.unit).hooks())
                .extracting(AppliedHooks::name)
                .containsExactly("rank 100", "rank 5", "rank -3");
    }

    @Test
    void hooksThatFailToAnswerDoNotStopTheProbe() {
        probe(IMPLEMENTATION, new Hooks() {
            @Override
            public Optional<String> match(HardwareIdentity identity) {
                throw new IllegalStateException("the hooks' fault");
            }
        });
        assertThat(((HookedUnit) fixture.unit).hooks()).isEmpty();
    }

    private List<String> opcodesOf(Runnable action) {
        fixture.registers.takeCommands();
        action.run();
        return fixture.registers.takeCommands().stream()
                .map(command -> Opcode.name((int) CommandHeader.opcode(command.word0())))
                .collect(Collectors.toList());
    }
}
