package org.sluice.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class BitsTest {
    @Test
    void insertReplacesTheFieldAndNothingElse() {
        assertThat(Bits.insert(-1L, 0b010, 4, 0x70, "F")).isEqualTo(0xffff_ffff_ffff_ffafL);
        assertThat(Bits.insert(0, 0b101, 4, 0x70, "F")).isEqualTo(0x50);
    }

    @Test
    void insertTakesAWholeWord() {
        assertThat(Bits.insert(1, -1L, 0, -1L, "F")).isEqualTo(-1L);
    }

    @Test
    void insertRefusesAValueThatDoesNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bits.insert(0, 8, 4, 0x70, "STE.Config"))
                .withMessage("STE.Config is 0x8, its maximum is 0x7");
        assertThatIllegalArgumentException().isThrownBy(() -> Bits.insert(0, -1, 4, 0x70, "STE.Config"));
    }

    @Test
    void insertAddressKeepsTheAddressInPlace() {
        assertThat(Bits.insertAddress(0xf00f, 0x1230, 0xfff0, "A")).isEqualTo(0x123f);
    }

    @Test
    void insertAddressRefusesMisalignedAndTooLarge() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bits.insertAddress(0, 0x8, 0xfff0, "CD.TTB0"))
                .withMessage("CD.TTB0 is 0x8, it must be aligned to 0x10 and at most 0xfff0");
        assertThatIllegalArgumentException().isThrownBy(() -> Bits.insertAddress(0, 0x10000, 0xfff0, "CD.TTB0"));
    }
}
