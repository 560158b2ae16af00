"""The convolutional network of the classic lecture."""

from torch import Tensor, nn


class Cnn(nn.Module):
    """Blocks of convolution, batch norm, ReLU and max pooling; a dense layer; the classes' logits.

    LeCun et al. 1998, "Gradient-based learning applied to document recognition", with ReLU and
    batch norm (Ioffe and Szegedy 2015). Softmax is left to the loss and to prediction.

    Input: float, N x C x H x W. Output: logits, N x classes.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        filters: list[int],
        kernel: int,
        stride: int,
        pool: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        side, _, channels = shape
        blocks: list[nn.Module] = []
        for count in filters:
            blocks.append(
                nn.Sequential(
                    nn.Conv2d(channels, count, kernel, stride, padding=kernel // 2, bias=False),
                    nn.BatchNorm2d(count),
                    nn.ReLU(),
                    nn.MaxPool2d(pool, ceil_mode=True),
                )
            )
            channels = count
            side = (side + 2 * (kernel // 2) - kernel) // stride + 1
            side = -(-side // pool)
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * side * side, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.blocks(images))
